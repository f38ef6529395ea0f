//! Who gets a notice, by which channel, in which language: end to end, beside the tables of the rule.

use super::{Post, email_of};
use chrono::{Days, NaiveDate};
use kortisto_domain::{NoticeChannel, NoticeKind, NoticeReason, NoticeState, PatronState, RelationKind};
use kortisto_register::{jobs::Job, notices::Destination};
use kortisto_testkit::{on_both_engines, register::PatronSeed};
use sea_orm::ActiveValue::Set;

on_both_engines! {
    async fn a_notice_goes_where_the_patron_wants_it(engine: Engine) {
        let post = Post::open(engine).await;
        let swedish = post.t.patron_with(PatronSeed { language: "sv", ..PatronSeed::default() }).await;
        post.t.phone(&swedish, "+358401234567").await;
        post.t.email(&swedish, "gammal@example.fi").await;
        post.t.email(&swedish, "ny@example.fi").await;
        post.ready(&swedish).await;
        let message = post.one().await;
        assert_eq!(email_of(&message), "ny@example.fi", "the newest address");
        assert_eq!((message.subject.as_str(), message.language.as_str()), ("Din reservation kan hämtas", "sv"));

        post.prefer(&swedish, NoticeKind::Pickup, NoticeChannel::Sms, None).await;
        post.ready(&swedish).await;
        let message = post.one().await;
        assert!(matches!(&message.destination, Destination::Sms(number) if number == "+358401234567"));
        assert!(message.subject.is_empty() && message.body.contains("reservation kan hämtas"));

        // Northern Sámi has no texts: the consortium's first language.
        let by_letter = post.t.patron_with(PatronSeed { language: "se", ..PatronSeed::default() }).await;
        post.t.address(&by_letter, "Koivukatu 3 A 5").await;
        post.ready(&by_letter).await;
        let message = post.one().await;
        assert_eq!(message.language, "fi");
        let Destination::Letter(lines) = &message.destination else { panic!("not a letter") };
        assert_eq!(lines[..], ["Aino Maria Testaaja", "Koivukatu 3 A 5", "55100 Imatra"]);
        post.t.probe().await;
    }

    async fn a_guardian_gets_what_a_child_cannot(engine: Engine) {
        let post = Post::open(engine).await;
        let born = Some(post.t.surroundings.moment().today() - Days::new(9 * 365));
        let child = post.t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
        let guardian = post.t.patron_with(PatronSeed { language: "en", ..PatronSeed::default() }).await;
        post.t.email(&guardian, "guardian@example.fi").await;
        post.ready(&child).await;
        assert_eq!(post.deliver().await.undeliverable, 1, "nobody stands beside the child yet");
        let row = post.notices().await.remove(0);
        assert_eq!(row.state, NoticeState::Undeliverable.code());
        assert_eq!(row.reason, Some(NoticeReason::NoAddress.code()));

        post.t.relate(&child, &guardian, RelationKind::Guardian).await;
        post.ready(&child).await;
        let message = post.one().await;
        assert_eq!(email_of(&message), "guardian@example.fi");
        assert!(message.body.contains("a hold of a child in your care"), "{}", message.body);
        let row = post.notices().await.remove(1);
        assert_eq!((row.patron_id, row.sent_to_id), (child.id, Some(guardian.id)));
        post.t.email(&child, "child@example.fi").await;
        post.ready(&child).await;
        assert_eq!(email_of(&post.one().await), "child@example.fi");
        post.t.probe().await;
    }

    async fn the_bill_of_a_child_carries_the_card_of_the_guardian(engine: Engine) {
        let post = Post::open(engine).await;
        for (key, value) in [("notice.bill_days", "49"), ("fee.compensation_cents", "2500")] {
            post.t.policy(key, value).await;
        }
        let born = Some(post.t.surroundings.moment().today() - Days::new(9 * 365));
        let child = post.t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
        let guardian = post.t.patron_with(PatronSeed { language: "en", ..PatronSeed::default() }).await;
        post.t.address(&guardian, "Koivukatu 3 A 5").await;
        post.t.relate(&child, &guardian, RelationKind::Guardian).await;
        let item = post.t.item().await;
        let token = post.kiosk.sign_in(&child.card, child.pin).await;
        post.kiosk.checkout(&token, &item.barcode).await.unwrap();
        post.t.make_due(&item, post.t.surroundings.moment().today() - Days::new(49)).await;
        assert_eq!(post.t.job(Job::BillLoans).await.count("billed_loans"), 1);
        let bill = post.one().await;
        let Destination::Letter(lines) = &bill.destination else { panic!("not a letter") };
        assert_eq!(lines[1..], ["Koivukatu 3 A 5", "55100 Imatra"]);
        assert!(bill.body.contains(&format!("Library card: {}", guardian.card)), "{}", bill.body);
        assert!(!bill.body.contains(&child.card), "{}", bill.body);
        post.t.probe().await;
    }

    async fn a_restricted_record_is_used_for_debts_alone(engine: Engine) {
        let post = Post::open(engine).await;
        for (key, value) in [("notice.bill_days", "49"), ("fee.compensation_cents", "2500")] {
            post.t.policy(key, value).await;
        }
        let patron = post.patron().await;
        let item = post.t.item().await;
        let token = post.kiosk.sign_in(&patron.card, patron.pin).await;
        post.kiosk.checkout(&token, &item.barcode).await.unwrap();
        post.ready(&patron).await;
        post.t.set_patron(&patron, |row| row.state = Set(PatronState::Restricted.code())).await;
        assert_eq!(post.deliver().await.dropped, 1);
        assert_eq!(post.notices().await[0].reason, Some(NoticeReason::Restricted.code()));
        post.t.make_due(&item, post.t.surroundings.moment().today() - Days::new(49)).await;
        assert_eq!(post.t.job(Job::BillLoans).await.count("billed_loans"), 1);
        assert!(post.one().await.body.contains("25,00"));
        post.t.probe().await;
    }

    async fn a_protected_address_is_handed_to_nobody_else(engine: Engine) {
        let post = Post::open(engine).await;
        let hidden = post.t.patron().await;
        post.t.set_patron(&hidden, |row| row.protected_address = Set(true)).await;
        post.t.address(&hidden, "Salainen tie 1").await;
        post.t.phone(&hidden, "+358401234567").await;
        post.prefer(&hidden, NoticeKind::Pickup, NoticeChannel::Sms, None).await;
        post.ready(&hidden).await;
        assert_eq!(post.deliver().await.undeliverable, 1);
        assert_eq!(post.notices().await[0].reason, Some(NoticeReason::Protected.code()));
        assert!(post.recorder.empty().is_empty());

        post.t.email(&hidden, "aino@example.fi").await;
        post.ready(&hidden).await;
        assert_eq!(email_of(&post.one().await), "aino@example.fi");
        // The order is over.
        let yesterday: NaiveDate = post.t.surroundings.moment().today() - Days::new(1);
        post.t.set_patron(&hidden, |row| row.protected_until = Set(Some(yesterday))).await;
        post.ready(&hidden).await;
        assert!(matches!(post.one().await.destination, Destination::Sms(_)));
        post.t.probe().await;
    }
}

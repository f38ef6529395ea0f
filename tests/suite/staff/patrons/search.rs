//! Finding patrons.

use super::{Library, field, text};
use kortisto::staff::v1 as wire;
use kortisto_domain::{Purpose, names::search_name};
use kortisto_store::entities::patrons;
use kortisto_testkit::{
    on_both_engines,
    register::{PatronSeed, TestPatron, Words},
};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _};
use tonic::{Response, Status};

impl Library {
    async fn named(&self, family: &str, given: &str) -> TestPatron {
        let patron = self.t.patron().await;
        self.t
            .set_patron(&patron, |row| {
                row.family_name = Set(family.to_owned());
                row.given_names = Set(given.to_owned());
                row.search_name = Set(search_name(family, given));
            })
            .await;
        patron
    }

    async fn search(&self, ask: wire::SearchPatronsRequest) -> Result<wire::SearchPatronsResponse, Status> {
        let purpose = Purpose::CustomerService.code().into();
        let ask = wire::SearchPatronsRequest { purpose, ..ask };
        self.client().search_patrons(ask).await.map(Response::into_inner)
    }

    async fn found(&self, name: &str) -> Vec<String> {
        let answer = self.search(by_name(name)).await.unwrap();
        assert_eq!((answer.next_page_token.as_str(), answer.too_many), ("", false));
        answer.patrons.into_iter().map(|hit| format!("{} {}", hit.family_name, hit.given_names)).collect()
    }
}

fn by_name(name: &str) -> wire::SearchPatronsRequest {
    wire::SearchPatronsRequest { name: name.to_owned(), ..Default::default() }
}

on_both_engines! {
    async fn a_name_is_found_however_it_is_typed(engine: Engine) {
        let l = Library::open(engine).await;
        for (family, given) in [
            ("Virtanen", "Aino"),
            ("Virtanen", "Maija Liisa"),
            ("Virtanen-Koski", "André"),
            ("Virta", "Eero"),
            ("Väisänen", "Siv"),
            ("Vaisanen", "Åke"),
            ("Åberg", "Lars"),
            ("Aberg", "Lars"),
            ("O'Connor", "Séan"),
        ] {
            l.named(family, given).await;
        }
        for (typed, expected) in [
            ("virtanen", &["Virtanen Aino", "Virtanen-Koski André", "Virtanen Maija Liisa"][..]),
            ("VIRTANEN MA", &["Virtanen Maija Liisa"]),
            ("Virtanen, Aino", &["Virtanen Aino"]),
            ("virta", &["Virta Eero", "Virtanen Aino", "Virtanen-Koski André", "Virtanen Maija Liisa"]),
            ("virtanen-koski andre", &["Virtanen-Koski André"]),
            ("vä", &["Väisänen Siv"]),
            ("va\u{308}", &["Väisänen Siv"]),
            ("va", &["Vaisanen Åke"]),
            ("åb", &["Åberg Lars"]),
            ("ab", &["Aberg Lars"]),
            ("oconnor sean", &["O'Connor Séan"]),
            ("irtanen", &[]),
            ("virt%", &[]),
            ("v_rt", &[]),
        ] {
            assert_eq!(l.found(typed).await, expected, "{typed}");
        }
    }

    async fn without_a_criterion_nobody_is_shown(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.named("Virtanen", "Aino").await;
        for name in ["", "v", "'", "- -"] {
            let status = l.search(by_name(name)).await.unwrap_err();
            assert_eq!(field(&status), "name", "{name:?}");
        }
        assert_eq!(field(&l.search(by_name(&"x".repeat(101))).await.unwrap_err()), "name");
        let both = wire::SearchPatronsRequest { card_number: patron.card, ..by_name("virtanen") };
        assert_eq!(field(&l.search(both).await.unwrap_err()), "card_number");
    }

    async fn a_card_and_a_birth_date_find_their_patrons(engine: Engine) {
        let l = Library::open(engine).await;
        let born = |text: &str| PatronSeed { born: Some(text.parse().unwrap()), ..PatronSeed::default() };
        let first = l.t.patron_with(born("1942-04-03")).await;
        let second = l.t.patron_with(born("1942-04-03")).await;
        l.t.patron_with(born("1942-04-04")).await;
        let numbers = |answer: wire::SearchPatronsResponse| -> Vec<String> {
            answer.patrons.into_iter().map(|hit| hit.number).collect()
        };
        let by_card = wire::SearchPatronsRequest { card_number: first.card.clone(), ..Default::default() };
        assert_eq!(numbers(l.search(by_card).await.unwrap()).concat(), first.number);
        let by_date = wire::SearchPatronsRequest { birth_date: "1942-04-03".to_owned(), ..Default::default() };
        assert_eq!(numbers(l.search(by_date.clone()).await.unwrap()), [first.number, second.number]);
        let other = wire::SearchPatronsRequest { name: "virtanen".to_owned(), ..by_date.clone() };
        assert_eq!(numbers(l.search(other).await.unwrap()), [""; 0]);
        let both = wire::SearchPatronsRequest { name: "testaaja".to_owned(), ..by_date };
        assert_eq!(l.search(both).await.unwrap().patrons.len(), 2);
        let unknown = wire::SearchPatronsRequest { card_number: "853A0000000".to_owned(), ..Default::default() };
        assert_eq!(l.search(unknown).await.unwrap().patrons.len(), 0);
    }

    async fn pages_hold_everybody_once_also_among_namesakes(engine: Engine) {
        let l = Library::open(engine).await;
        for number in 0..7 {
            l.named("Korhonen", if number < 5 { "Aino" } else { "Eero" }).await;
        }
        l.named("Korhola", "Aino").await;
        let mut seen = Vec::new();
        let mut ask = wire::SearchPatronsRequest { page_size: 3, ..by_name("korhonen") };
        loop {
            let page = l.search(ask.clone()).await.unwrap();
            assert!(page.patrons.len() <= 3 && !page.too_many);
            seen.extend(page.patrons.into_iter().map(|hit| (hit.given_names, hit.number)));
            if page.next_page_token.is_empty() {
                break;
            }
            ask.page_token = page.next_page_token;
        }
        assert_eq!(seen.len(), 7);
        assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
        // A token is of its search only.
        let strange = wire::SearchPatronsRequest { name: "korhola".to_owned(), ..ask };
        assert_eq!(field(&l.search(strange).await.unwrap_err()), "page_token");
        let made_up = wire::SearchPatronsRequest { page_token: "P0".to_owned(), ..by_name("korhonen") };
        assert_eq!(field(&l.search(made_up).await.unwrap_err()), "page_token");
    }

    async fn one_search_shows_three_hundred_and_no_more(engine: Engine) {
        let l = Library::open(engine).await;
        let template = l.named("Niemi", "Aino").await;
        let words = Words(engine);
        let (pseudonym, rows) = (words.key(0, "n"), words.series(1, 320));
        let fill = format!(
            "insert into patrons (number, pseudonym, category, state, family_name, given_names, service_language, \
             home_branch_id, created_at, changed_at, changed_by, search_name) \
             select 'N' || n, {pseudonym}, 1, 1, 'Niemi', 'Aino', 'fi', 1, p.created_at, p.changed_at, 'test', \
             'niemi aino' from {rows} cross join patrons p where p.id = {}",
            template.id
        );
        l.t.store.writer().execute_unprepared(&fill).await.unwrap();
        let (mut shown, mut ask) = (0, wire::SearchPatronsRequest { page_size: 100, ..by_name("niemi") });
        let last = loop {
            let page = l.search(ask.clone()).await.unwrap();
            shown += page.patrons.len();
            if page.next_page_token.is_empty() {
                assert!(page.too_many);
                break page.patrons.last().unwrap().number.clone();
            }
            assert!(!page.too_many);
            ask.page_token = page.next_page_token;
        };
        assert_eq!(shown, 300);
        // Nor does a token that somebody makes up lead further.
        let further = wire::SearchPatronsRequest { page_token: last, ..ask };
        let page = l.search(further).await.unwrap();
        assert_eq!((page.patrons.len(), page.too_many), (0, true));
    }

    async fn every_hit_is_in_the_trail_and_tells_nothing_of_the_search(engine: Engine) {
        let l = Library::open(engine).await;
        let (one, other) = (l.named("Salainen", "Aino").await, l.named("Salainen", "Eero").await);
        let nobody = l.named("Toinen", "Eero").await;
        l.search(by_name("salainen")).await.unwrap();
        for (patron, hits) in [(one, 1), (other, 1), (nobody, 0)] {
            let trail = l.trail(&patron).await;
            assert_eq!(trail.len(), hits);
            for (row, values) in trail {
                assert_eq!((row.action.as_str(), row.purpose), ("search_patrons", Some(1)));
                assert!(values.is_empty() && row.detail.is_none());
            }
        }
    }

    async fn a_hit_tells_who_and_nothing_of_where(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.named("Virtanen", "Aino").await;
        l.t.address(&patron, "Salakuja 7").await;
        l.t.email(&patron, "salainen@example.fi").await;
        l.t.set_patron(&patron, |row| row.home_municipality = Set(text("153"))).await;
        let answer = l.search(by_name("virtanen")).await.unwrap();
        let shown = format!("{answer:?}");
        assert!(!shown.contains("Salakuja") && !shown.contains("salainen") && !shown.contains("153\""));
        assert_eq!(answer.patrons[0].home_branch, "main");
        let kept = patrons::Entity::find().filter(patrons::Column::Id.eq(patron.id));
        assert!(kept.one(l.t.store.writer()).await.unwrap().is_some());
    }
}

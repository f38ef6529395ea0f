//! One patron's limits: never exceeded.

use super::{Crowd, TASKS, reasons, turn};
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{CheckoutRequest, RenewRequest},
};
use kortisto_domain::DeviceKind;
use kortisto_store::entities::open_loans;
use kortisto_testkit::register::{ItemSeed, new_id};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use tokio::task::JoinSet;

in_every_house! {
    async fn the_limits_of_all_loans_and_of_a_material_hold_together(crowd: Crowd) {
        let t = crowd.t();
        t.policy("loan.max_total", "5").await;
        t.policy_of_material("loan.max_material", "game", "2").await;
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let (patron, token) = crowd.patrons_at(&kiosks[0], 1).await.remove(0);
        let mut tasks = JoinSet::new();
        for number in 0..TASKS {
            let material = if number < TASKS / 2 { "game" } else { "book" };
            let item = t.item_with(ItemSeed { material, ..ItemSeed::default() }).await;
            let kiosk = turn(&kiosks, number).clone();
            let request = CheckoutRequest {
                request_id: new_id(),
                patron_token: token.clone(),
                item_barcode: item.barcode,
            };
            tasks.spawn(async move { settled!(kiosk.loans().checkout(request.clone())) });
        }
        let answers = tasks.join_all().await;
        let limits = [RefusalReason::LoanLimit, RefusalReason::MaterialLimit];
        for answer in &answers {
            assert!(reasons(&answer.refusals).iter().all(|why| limits.contains(why)), "{:?}", answer.refusals);
        }
        assert_eq!(answers.iter().filter(|answer| answer.loan.is_some()).count(), 5);
        assert_eq!(t.open_loans_by(&patron).await, 5);
        let games = open_loans::Entity::find().filter(open_loans::Column::Material.eq("game"));
        let games = games.count(t.store.writer()).await.unwrap();
        assert!(games <= 2, "{games} games");
        t.probe().await;
    }

    async fn a_loan_is_renewed_up_to_its_limit(crowd: Crowd) {
        let t = crowd.t();
        t.policy("renew.max", "5").await;
        t.policy("renew.start", "due_date").await;
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let (_, token) = crowd.patrons_at(&kiosks[0], 1).await.remove(0);
        let item = t.item().await;
        kiosks[0].checkout(&token, &item.barcode).await.unwrap().loan.unwrap();
        let first_due = t.loan_row(&item).await.due_on;
        let mut tasks = JoinSet::new();
        for number in 0..TASKS {
            let kiosk = turn(&kiosks, number).clone();
            let request = RenewRequest {
                request_id: new_id(),
                patron_token: token.clone(),
                item_barcode: item.barcode.clone(),
            };
            tasks.spawn(async move { settled!(kiosk.loans().renew(request.clone())) });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.verdict() == Verdict::Granted).count(), 5);
        let over = answers.iter().filter(|answer| reasons(&answer.refusals) == [RefusalReason::RenewalLimit]);
        assert_eq!(over.count(), TASKS - 5);
        let row = t.loan_row(&item).await;
        assert_eq!((row.renewals, (row.due_on - first_due).num_days()), (5, 5 * 28));
        t.probe().await;
    }
}

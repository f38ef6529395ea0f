//! Pages of what a patron has, waits for and owes, as peers have them.

use super::Scene;
use chrono::TimeDelta;
use kortisto::device::v1::{ListFeesRequest, ListHoldsRequest};
use kortisto_testkit::{on_both_engines, register::BRANCH_MAIN};

/// Entries of a page at most.
const MOST: usize = 100;

/// What is listed.
#[derive(Debug, Clone, Copy)]
enum List {
    Loans,
    Holds,
    Fees,
}

impl Scene {
    /// The ids of a page, and where the next one begins.
    async fn page(&self, list: List, page_size: i32, page_token: String) -> (Vec<String>, String) {
        let patron_token = self.token.clone();
        match list {
            List::Loans => {
                let page = self.loans(page_size, &page_token).await;
                let ids = page.loans.into_iter().map(|row| row.loan.unwrap().loan_id);
                (ids.collect(), page.next_page_token)
            }
            List::Holds => {
                let request = ListHoldsRequest { patron_token, page_size, page_token };
                let page = self.kiosk.holds().list_holds(request).await.unwrap().into_inner();
                let ids = page.ready.into_iter().chain(page.pending).map(|hold| hold.hold_id);
                (ids.collect(), page.next_page_token)
            }
            List::Fees => {
                let request = ListFeesRequest { patron_token, page_size, page_token };
                let page = self.kiosk.fees().list_fees(request).await.unwrap().into_inner();
                (page.fees.into_iter().map(|fee| fee.fee_id).collect(), page.next_page_token)
            }
        }
    }

    /// The ids of every page.
    async fn pages(&self, list: List, page_size: i32) -> Vec<Vec<String>> {
        let (mut pages, mut next) = (Vec::new(), String::new());
        loop {
            let (ids, token) = self.page(list, page_size, next).await;
            pages.push(ids);
            if token.is_empty() {
                return pages;
            }
            next = token;
        }
    }
}

on_both_engines! {
    async fn paging(engine: Engine) {
        let s = Scene::start(engine).await;
        s.t.policy("loan.max_total", "200").await;
        let (mut loans, mut holds, mut fees) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..=MOST {
            // Each is younger than the one before.
            s.t.clock.advance(TimeDelta::milliseconds(1));
            let item = s.lent().await;
            loans.push(s.t.loan_row(&item).await.id.to_string());
            let item = s.t.item().await;
            holds.push(s.t.hold(&s.patron, item.title, BRANCH_MAIN).await.id.to_string());
            fees.push(s.t.fee(s.patron.id, 1).await.to_string());
            if number < 2 {
                s.kiosk.take_back(&item.barcode).await.unwrap();
            }
        }
        for (list, all) in [(List::Loans, loans), (List::Holds, holds), (List::Fees, fees)] {
            // As many as are asked for, fifty where nobody asks, a hundred at most.
            for (page_size, sizes) in
                [(40, &[40, 40, 21][..]), (0, &[50, 50, 1]), (101, &[MOST, 1]), (i32::MAX, &[MOST, 1])]
            {
                let pages = s.pages(list, page_size).await;
                let found: Vec<_> = pages.iter().map(Vec::len).collect();
                assert_eq!(found, sizes, "{list:?}, {page_size}");
                assert_eq!(pages.concat(), all, "{list:?}, {page_size}: each once, the oldest first");
            }
        }
    }
}

//! The consortium's own list of categories.

use super::{Library, assert_reason, field, good, text};
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{self as wire, patron_service_client::PatronServiceClient},
};
use kortisto_domain::StaffRole;
use kortisto_testkit::{on_both_engines, register::new_id};
use tonic::{Response, Status};

impl Library {
    async fn put(&self, category: wire::Category) -> Result<wire::PutCategoryResponse, Status> {
        let administrator = self.t.staff_at(&[StaffRole::Administrator], self.staff.desk.clone()).await;
        let ask = wire::PutCategoryRequest { request_id: new_id(), category: Some(category) };
        let mut client = PatronServiceClient::new(administrator.channel());
        client.put_category(ask).await.map(Response::into_inner)
    }
}

on_both_engines! {
    async fn a_category_of_the_consortium_is_what_it_is_mapped_to(engine: Engine) {
        let l = Library::open(engine).await;
        l.put(good::category()).await.unwrap();
        let school = wire::PatronDetails {
            family_name: text("Rannan koulu"),
            service_language: text("fi"),
            category_code: text("KOULU"),
            ..Default::default()
        };
        let number = l.create(school).await.unwrap().number;
        let record = l.record(&number).await;
        assert_eq!((record.category(), record.category_code.as_str()), (wire::PatronCategory::Institution, "KOULU"));
        // A new name is fine; another meaning would change patrons behind everybody's back.
        let renamed = wire::Category { name_fi: "Koulut".to_owned(), ..good::category() };
        l.put(renamed.clone()).await.unwrap();
        let other = wire::Category { canonical: wire::PatronCategory::Person.into(), ..renamed };
        assert_reason(l.put(other.clone()).await, ErrorReason::RuleBroken);
        let plain = wire::PatronDetails { category: Some(wire::PatronCategory::InterlibraryLoan.into()), ..Default::default() };
        l.update(&number, plain).await.unwrap();
        let record = l.record(&number).await;
        assert_eq!((record.category(), record.category_code.as_str()), (wire::PatronCategory::InterlibraryLoan, ""));
        assert!(l.put(other).await.is_ok(), "nobody has it any more");
    }

    async fn the_list_comes_in_pages_in_the_order_of_codes(engine: Engine) {
        let l = Library::open(engine).await;
        for code in ["C", "A", "B"] {
            l.put(wire::Category { code: code.to_owned(), ..good::category() }).await.unwrap();
        }
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let ask = wire::ListCategoriesRequest { page_size: 2, page_token };
            let page = l.client().list_categories(ask).await.unwrap().into_inner();
            seen.extend(page.categories.into_iter().map(|category| category.code));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, ["A", "B", "C"]);
    }

    async fn what_is_wrong_with_a_category_is_named(engine: Engine) {
        let l = Library::open(engine).await;
        for (expected, category) in [
            ("category.code", wire::Category { code: String::new(), ..good::category() }),
            ("category.name_sv", wire::Category { name_sv: String::new(), ..good::category() }),
            ("category.canonical", wire::Category { canonical: 0, ..good::category() }),
            ("category.canonical", wire::Category { canonical: 6, ..good::category() }),
        ] {
            assert_eq!(field(&l.put(category).await.unwrap_err()), expected);
        }
    }
}

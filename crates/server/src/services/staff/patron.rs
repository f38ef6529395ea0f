//! `PatronService` of staff.

use super::fields;
use crate::services::{Api, reply};
use kortisto::staff::v1::{
    GetPatronRequest, GetPatronResponse, Patron, patron_service_server::PatronService,
};
use kortisto_register::staff::patrons::{GetPatron, PatronRecord};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl PatronService for Api {
    async fn get_patron(
        &self,
        request: Request<GetPatronRequest>,
    ) -> Result<Response<GetPatronResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let number = fields::code("number", &message.number)?;
        let purpose = fields::purpose(message.purpose)?;
        let record = desk.view(GetPatron { number, purpose }).await?;
        Ok(Response::new(GetPatronResponse { patron: Some(patron(record)) }))
    }
}

fn patron(record: PatronRecord) -> Patron {
    let patron = record.patron;
    Patron {
        number: patron.number,
        family_name: patron.family_name,
        given_names: patron.given_names,
        birth_date: patron.birth_date.map(|date| date.to_string()).unwrap_or_default(),
        service_language: patron.service_language,
        created_at: Some(reply::timestamp(patron.created_at)),
        changed_at: Some(reply::timestamp(patron.changed_at)),
        changed_by: patron.changed_by,
    }
}

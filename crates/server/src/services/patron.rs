//! `PatronService`.

use super::{Api, Asked, fields, page_token, reply};
use crate::status::Fault;
use futures_util::{
    StreamExt as _,
    stream::{BoxStream, try_unfold},
};
use kortisto::device::v1::{
    AgeAssertion, AuthenticatePatronRequest, AuthenticatePatronResponse, ChangePinRequest, ChangePinResponse,
    EndPatronSessionRequest, EndPatronSessionResponse, ListWardsRequest, ListWardsResponse,
    OpenWardSessionRequest, OpenWardSessionResponse, PatronSessionState, SetWebPasswordRequest,
    SetWebPasswordResponse, Ward, WatchPatronSessionRequest, WatchPatronSessionResponse,
    patron_service_server::PatronService,
};
use kortisto_register::{
    Ask, Authenticate, AuthenticateAnswer, ChangePin, EndSession, Given, ListWards, OpenWardSession,
    PatronMessage, Rpc, SessionStanding, SetWebPassword, WardDetails, WatchSession,
};
use secrecy::ExposeSecret as _;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl PatronService for Api {
    async fn authenticate_patron(
        &self,
        request: Request<AuthenticatePatronRequest>,
    ) -> Result<Response<AuthenticatePatronResponse>, Status> {
        let asked = self.caller(&request, Rpc::AuthenticatePatron).await?;
        let message = request.into_inner();
        asked.may_set("age_limits", !message.age_limits.is_empty())?;
        asked.may_set("password", !message.password.is_empty())?;
        let ages = fields::age_limits(&message.age_limits)?;
        let ask = Authenticate {
            caller: asked.caller,
            attempt_id: fields::id("attempt_id", &message.attempt_id)?,
            card_number: fields::code("card_number", &message.card_number)?,
            given: given(&message.pin, &message.password)?,
        };
        let answer =
            self.register.authenticate(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        Ok(Response::new(self.authenticated(&asked, answer, &ages)))
    }

    async fn end_patron_session(
        &self,
        request: Request<EndPatronSessionRequest>,
    ) -> Result<Response<EndPatronSessionResponse>, Status> {
        let asked = self.caller(&request, Rpc::EndPatronSession).await?;
        let message = request.into_inner();
        let ask = EndSession {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            token_hash: fields::token(&message.patron_token)?,
        };
        self.register.end_session(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        Ok(Response::new(EndPatronSessionResponse {}))
    }

    type WatchPatronSessionStream = BoxStream<'static, Result<WatchPatronSessionResponse, Status>>;

    async fn watch_patron_session(
        &self,
        request: Request<WatchPatronSessionRequest>,
    ) -> Result<Response<Self::WatchPatronSessionStream>, Status> {
        let asked = self.caller(&request, Rpc::WatchPatronSession).await?;
        let token_hash = fields::token(&request.get_ref().patron_token)?;
        let ask = WatchSession { caller: asked.caller, token_hash };
        let watch =
            self.register.watch_session(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let api = self.clone();
        // Pulled, not pushed: the next look is taken when the device has room for what it finds.
        let standings = try_unfold((api, asked, watch), |(api, asked, mut watch)| async move {
            let next = watch.next().await.map_err(|error| asked.fault(&error))?;
            Ok(next.map(|standing| (api.standing(&asked, &standing), (api, asked, watch))))
        });
        Ok(Response::new(standings.boxed()))
    }

    async fn change_pin(
        &self,
        request: Request<ChangePinRequest>,
    ) -> Result<Response<ChangePinResponse>, Status> {
        let asked = self.caller(&request, Rpc::ChangePin).await?;
        let message = request.into_inner();
        let ask = ChangePin {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            card_number: fields::code("card_number", &message.card_number)?,
            pin: fields::pin(&message.pin)?,
            new_pin: fields::new_pin(&message.new_pin)?,
        };
        let answer =
            self.register.change_pin(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        Ok(Response::new(ChangePinResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
        }))
    }

    async fn set_web_password(
        &self,
        request: Request<SetWebPasswordRequest>,
    ) -> Result<Response<SetWebPasswordResponse>, Status> {
        let asked = self.caller(&request, Rpc::SetWebPassword).await?;
        let message = request.into_inner();
        let ask = SetWebPassword {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            card_number: fields::code("card_number", &message.card_number)?,
            pin: fields::pin(&message.pin)?,
            new_password: fields::password("new_password", &message.new_password)?,
        };
        let answer =
            self.register.set_web_password(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        Ok(Response::new(SetWebPasswordResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
        }))
    }

    async fn list_wards(
        &self,
        request: Request<ListWardsRequest>,
    ) -> Result<Response<ListWardsResponse>, Status> {
        let asked = self.caller(&request, Rpc::ListWards).await?;
        let message = request.into_inner();
        let ask = ListWards {
            caller: asked.caller,
            token_hash: fields::token(&message.patron_token)?,
            page_size: fields::page_size(message.page_size)?,
            after: relation_of(&message.page_token)?,
        };
        let list =
            self.register.list_wards(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let with_name = asked.shows("wards.ward_name");
        let ward = |WardDetails { relation_id, name }| Ward {
            relation_id,
            ward_name: if with_name { name } else { String::new() },
        };
        Ok(Response::new(ListWardsResponse {
            verdict: reply::verdict(&list.decision),
            refusals: self.refusals(&asked, &list.decision, self.language_of(list.language.as_deref())),
            wards: list.wards.into_iter().map(ward).collect(),
            next_page_token: list.next.map(token_of).unwrap_or_default(),
        }))
    }

    async fn open_ward_session(
        &self,
        request: Request<OpenWardSessionRequest>,
    ) -> Result<Response<OpenWardSessionResponse>, Status> {
        let asked = self.caller(&request, Rpc::OpenWardSession).await?;
        let message = request.into_inner();
        let ask = Ask {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            token_hash: fields::token(&message.patron_token)?,
        };
        let open = OpenWardSession::new(ask, fields::key("relation_id", message.relation_id)?);
        let answer = self.register.open_ward_session(open, asked.deadline).await;
        let answer = answer.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        let (token, expires_at) = answer.session.unzip();
        Ok(Response::new(OpenWardSessionResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
            patron_token: token.map(|token| token.expose_secret().to_owned()).unwrap_or_default(),
            token_expires_at: expires_at.map(reply::timestamp),
        }))
    }
}

/// A place in the list of wards; no secret, the session decides whose list it is.
fn token_of(relation_id: i64) -> String {
    format!("relation.{relation_id}")
}

fn relation_of(token: &str) -> Result<Option<i64>, Fault> {
    page_token::read(token, |text| text.strip_prefix("relation.")?.parse().ok().filter(|key| *key > 0))
}

/// With what the patron signs in: a PIN or a password, never both.
fn given(pin: &str, password: &str) -> Result<Given, Fault> {
    match (pin.is_empty(), password.is_empty()) {
        (_, true) => fields::pin(pin).map(Given::Pin),
        (true, false) => fields::password("password", password).map(Given::Password),
        (false, false) => Err(Fault::field("password", "nothing beside a PIN")),
    }
}

impl Api {
    fn standing(&self, asked: &Asked, standing: &SessionStanding) -> WatchPatronSessionResponse {
        let language = self.language_of(standing.language.as_deref());
        WatchPatronSessionResponse {
            verdict: reply::verdict(&standing.decision),
            refusals: self.refusals(asked, &standing.decision, language),
            state: match standing {
                SessionStanding { ended: true, .. } => PatronSessionState::Ended,
                SessionStanding { decision, .. } if decision.is_granted() => PatronSessionState::Running,
                SessionStanding { .. } => PatronSessionState::Blocked,
            }
            .into(),
            seen_at: Some(reply::timestamp(standing.at)),
        }
    }

    /// What this kind of device may know of the answer; of a refusal nothing but its reasons.
    fn authenticated(
        &self,
        asked: &Asked,
        answer: AuthenticateAnswer,
        ages: &[u8],
    ) -> AuthenticatePatronResponse {
        let language = self.language_of(answer.profile.as_ref().map(|profile| profile.language.as_str()));
        let mut response = AuthenticatePatronResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(asked, &answer.decision, language),
            ..AuthenticatePatronResponse::default()
        };
        let (Some((token, expires_at)), Some(profile)) = (answer.session, answer.profile) else {
            return response;
        };
        token.expose_secret().clone_into(&mut response.patron_token);
        response.token_expires_at = Some(reply::timestamp(expires_at));
        if asked.shows("display_name") {
            response.display_name.clone_from(&profile.first_name);
        }
        if asked.shows("age_assertions") {
            let assertion = |years: &u8| AgeAssertion {
                age_limit: i32::from(*years),
                reached: profile.has_reached(*years),
            };
            response.age_assertions = ages.iter().map(assertion).collect();
        }
        if asked.shows("pairwise_id") {
            response.pairwise_id = answer.pairwise_id.unwrap_or_default();
        }
        if asked.shows("balance") {
            response.balance = Some(reply::amount(profile.debt_cents));
        }
        if asked.shows("loan_count") {
            response.loan_count = Some(i32::try_from(profile.loan_count).unwrap_or(i32::MAX));
        }
        if asked.shows("ready_hold_count") {
            response.ready_hold_count = Some(i32::try_from(profile.ready_hold_count).unwrap_or(i32::MAX));
        }
        if asked.shows("messages") {
            let text = |message: PatronMessage| match self.texts.message(language, message.kind) {
                Some(text) if message.body.is_empty() => text.to_owned(),
                _ => message.body,
            };
            response.messages = profile.messages.into_iter().map(text).collect();
        }
        response.language = profile.language;
        response
    }
}

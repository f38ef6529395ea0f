//! Tokens of an identity provider in place of a session, made here with keys that are thrown away.

use super::world::World;
use crate::coverage::rpc::reason;
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use chrono::TimeDelta;
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{
        GetPatronRequest, GetSelfRequest, GetSelfResponse, Purpose, SetOpenIdSubjectRequest, SignOutRequest,
        patron_service_client::PatronServiceClient, staff_account_service_client::StaffAccountServiceClient,
        staff_session_service_client::StaffSessionServiceClient,
    },
};
use kortisto_domain::{DeviceKind, StaffAccountState, StaffRole};
use kortisto_server::openid::{OpenId, OpenIdOptions};
use kortisto_store::entities::staff_accounts;
use kortisto_testkit::{
    Engine, TempDir, TestRegister, on_both_engines,
    register::{Device, TestOptions, new_id},
};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use tonic::{Request, Status};

const ISSUER: &str = "https://login.example.fi/kirjastot";
const AUDIENCE: &str = "kortisto";

/// ring makes no RSA keys. This one opens nothing anywhere.
const RSA_PKCS1_DER: &str = include_str!("openid_rsa.b64");

/// The provider of a test.
struct Provider {
    folder: TempDir,
    ec: EcdsaKeyPair,
    rsa: RsaKeyPair,
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

fn new_ec() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

fn jwk_of_ec(key: &EcdsaKeyPair, id: &str) -> Value {
    let point = key.public_key().as_ref();
    json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": encoded(&point[1..33]), "y": encoded(&point[33..])})
}

impl Provider {
    fn new() -> Self {
        let der = Base64::decode_vec(&RSA_PKCS1_DER.replace('\n', "")).unwrap();
        let this =
            Self { folder: TempDir::new().unwrap(), ec: new_ec(), rsa: RsaKeyPair::from_der(&der).unwrap() };
        let public: RsaPublicKeyComponents<Vec<u8>> = this.rsa.public().into();
        let (n, e) = (encoded(public.n), encoded(public.e));
        let rsa = json!({"kty": "RSA", "kid": "rsa-1", "alg": "RS256", "n": n, "e": e});
        let of_another_kind = json!({"kty": "oct", "kid": "hmac", "k": "AAAA"});
        this.publish(&json!({"keys": [jwk_of_ec(&this.ec, "ec-1"), rsa, of_another_kind]}));
        this
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    fn publish(&self, keys: &Value) {
        fs::write(self.path(), keys.to_string()).unwrap();
    }

    fn options(&self) -> OpenIdOptions {
        OpenIdOptions { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned(), keys_file: self.path() }
    }

    fn signed_with(&self, header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let text = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = sign(text.as_bytes());
        format!("{text}.{}", encoded(signature))
    }

    fn es256(&self, claims: &Value) -> String {
        self.signed_with(&json!({"alg": "ES256", "kid": "ec-1", "typ": "JWT"}), claims, |text| {
            sign_ec(&self.ec, text)
        })
    }

    fn rs256(&self, claims: &Value) -> String {
        self.signed_with(&json!({"alg": "RS256", "kid": "rsa-1"}), claims, |text| self.sign_rsa(text))
    }

    fn sign_rsa(&self, text: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).unwrap();
        signature
    }
}

fn sign_ec(key: &EcdsaKeyPair, text: &[u8]) -> Vec<u8> {
    key.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec()
}

/// Good claims of this subject for five minutes.
fn claims(t: &TestRegister, subject: &str) -> Value {
    let now = t.clock.now().timestamp();
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "exp": now + 300})
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn who(desk: &Device, token: &str) -> Result<GetSelfResponse, Status> {
    let mut client = StaffSessionServiceClient::new(desk.channel.clone());
    client.get_self(with(token, GetSelfRequest {})).await.map(tonic::Response::into_inner)
}

async fn world(engine: Engine, provider: &Provider) -> World {
    let options = TestOptions { openid: Some(provider.options()), ..TestOptions::default() };
    let t = TestRegister::start_with(engine, options).await;
    let desk = t.device(DeviceKind::Desk).await;
    World { t, desk }
}

on_both_engines! {
    async fn a_token_is_good_for_the_account_whose_subject_it_names(engine: Engine) {
        let provider = Provider::new();
        let w = world(engine, &provider).await;
        let (admin, staff) = (w.staff(&[StaffRole::Administrator]).await, w.staff(&[StaffRole::Desk]).await);
        let subject = "4f1c|aino";
        let (ec, rsa) = (provider.es256(&claims(&w.t, subject)), provider.rs256(&claims(&w.t, subject)));
        assert_eq!(reason(&who(&w.desk, &ec).await.unwrap_err()), ErrorReason::StaffSessionUnknown);
        let ask = SetOpenIdSubjectRequest {
            request_id: new_id(),
            user_name: staff.user_name.clone(),
            openid_subject: subject.to_owned(),
        };
        StaffAccountServiceClient::new(admin.channel()).set_open_id_subject(ask).await.unwrap();
        for token in [&ec, &rsa, &ec] {
            let myself = who(&w.desk, token).await.unwrap();
            assert_eq!(myself.user_name, staff.user_name);
            let end = myself.session_expires_at.unwrap().seconds;
            assert_eq!(end, w.t.clock.now().timestamp() + 300);
        }
        // The audit row names the account, and no session.
        let number = w.t.patron().await.number;
        let ask = GetPatronRequest { number, purpose: Purpose::CustomerService.into() };
        PatronServiceClient::new(w.desk.channel.clone()).get_patron(with(&ec, ask)).await.unwrap();
        let row = w.audit().await.into_iter().find(|row| row.action == "get_patron").unwrap();
        assert_eq!((row.staff_account_id, row.staff_session_id), (Some(staff.id), None));
        // There is no session to end here.
        let sign_out = SignOutRequest { request_id: new_id() };
        let mut client = StaffSessionServiceClient::new(w.desk.channel.clone());
        let status = client.sign_out(with(&ec, sign_out)).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::RuleBroken);
        // A shut account asks nothing, whoever vouches for it.
        staff_accounts::Entity::update_many()
            .col_expr(staff_accounts::Column::State, Expr::value(StaffAccountState::Disabled.code()))
            .filter(staff_accounts::Column::Id.eq(staff.id))
            .exec(w.t.store.writer())
            .await
            .unwrap();
        assert_eq!(reason(&who(&w.desk, &ec).await.unwrap_err()), ErrorReason::StaffSessionUnknown);
    }

    async fn only_a_desk_may_bring_a_token_and_sessions_still_work(engine: Engine) {
        let provider = Provider::new();
        let w = world(engine, &provider).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        let token = provider.es256(&claims(&w.t, "anybody"));
        let kiosk = w.t.device(DeviceKind::SelfCheckout).await;
        assert_eq!(reason(&who(&kiosk, &token).await.unwrap_err()), ErrorReason::DeskOnly);
        let session = staff.bearer();
        who(&w.desk, session.trim_start_matches("Bearer ")).await.unwrap();
        // Without a provider the same token is nothing.
        let plain = World::start(engine).await;
        let status = who(&plain.desk, &provider.es256(&claims(&plain.t, "anybody"))).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_with_a_token_it_is_not_taken() {
    let provider = Provider::new();
    let w = world(Engine::Sqlite, &provider).await;
    let staff = w.staff(&[StaffRole::Desk]).await;
    staff_accounts::Entity::update_many()
        .col_expr(staff_accounts::Column::OidcSubject, Expr::value("aino"))
        .filter(staff_accounts::Column::Id.eq(staff.id))
        .exec(w.t.store.writer())
        .await
        .unwrap();
    let now = w.t.clock.now().timestamp();
    let changed = |changes: Value| {
        let mut all = claims(&w.t, "aino");
        for (claim, value) in changes.as_object().unwrap() {
            all[claim] = value.clone();
        }
        all
    };
    for good in [
        json!({}),
        json!({"aud": ["other", AUDIENCE]}),
        json!({"exp": now - 59}),
        json!({"nbf": now + 60}),
        json!({"exp": now as f64 + 0.5}),
    ] {
        let token = provider.es256(&changed(good.clone()));
        assert!(who(&w.desk, &token).await.is_ok(), "{good}");
    }
    let stranger = new_ec();
    let (header, good) = (json!({"alg": "ES256", "kid": "ec-1"}), claims(&w.t, "aino"));
    let by_ec = |header: Value| provider.signed_with(&header, &good, |text| sign_ec(&provider.ec, text));
    let mut bad: Vec<(String, String)> = [
        json!({"iss": "https://login.example.fi"}),
        json!({"iss": null}),
        json!({"aud": "other"}),
        json!({"aud": ["other"]}),
        json!({"aud": null}),
        json!({"exp": now - 60}),
        json!({"exp": null}),
        json!({"exp": 1e300}),
        json!({"exp": -1}),
        json!({"nbf": now + 61}),
        json!({"nbf": 1e300}),
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"sub": "eino"}),
        json!({"sub": "a".repeat(256)}),
    ]
    .into_iter()
    .map(|claims| (claims.to_string(), provider.es256(&changed(claims))))
    .collect();
    let other_header = [
        json!({"alg": "none"}),
        json!({"alg": "HS256", "kid": "ec-1"}),
        json!({"alg": "RS256", "kid": "ec-1"}),
        json!({"alg": "ES256", "kid": "rsa-1"}),
        json!({"alg": "ES256", "kid": "ec-2"}),
        json!({"alg": "ES384", "kid": "ec-1"}),
        json!({"alg": "ES256", "kid": "ec-1", "crit": ["b64"], "b64": false}),
        json!({"kid": "ec-1"}),
    ];
    bad.extend(other_header.into_iter().map(|header| (header.to_string(), by_ec(header))));
    bad.push((
        "a stranger's key".to_owned(),
        provider.signed_with(&header, &good, |text| sign_ec(&stranger, text)),
    ));
    bad.push((
        "no signature".to_owned(),
        provider.signed_with(&json!({"alg": "none"}), &good, |_| Vec::new()),
    ));
    let token = provider.es256(&good);
    let (body, signature) = token.rsplit_once('.').unwrap();
    let forged = encoded(changed(json!({"sub": "eino"})).to_string());
    let head = body.split_once('.').unwrap().0;
    for (what, text) in [
        ("other claims under the same signature", format!("{head}.{forged}.{signature}")),
        ("a part more", format!("{token}.x")),
        ("padding", format!("{token}=")),
        ("a cut signature", token[..token.len() - 4].to_owned()),
        ("only dots", "..".to_owned()),
        ("too long", format!("{}.{}.{signature}", head, "a".repeat(6_000))),
    ] {
        bad.push((what.to_owned(), text));
    }
    for (what, token) in bad {
        let status = who(&w.desk, &token).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown, "{what}");
    }
    // A token without a key id may have been signed by any key.
    assert!(who(&w.desk, &by_ec(json!({"alg": "ES256"}))).await.is_ok());
    w.t.clock.advance(TimeDelta::seconds(360));
    assert!(who(&w.desk, &token).await.is_err(), "it has ended");
}

#[test]
fn new_keys_are_taken_and_bad_ones_keep_the_last_good_ones() {
    let provider = Provider::new();
    let openid = OpenId::load(provider.options()).unwrap();
    let now = chrono::DateTime::from_timestamp(1_750_000_000, 0).unwrap();
    let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "aino", "exp": 1_750_000_300});
    let token = provider.es256(&claims);
    let taken = |token: &str| openid.check(token, now).unwrap().is_ok();
    assert!(taken(&token));
    fs::write(provider.path(), "{").unwrap();
    assert!(openid.reload().is_err() && taken(&token));
    fs::remove_file(provider.path()).unwrap();
    assert!(openid.reload().is_err() && taken(&token));
    let next = new_ec();
    provider.publish(&json!({"keys": [jwk_of_ec(&next, "ec-2")]}));
    openid.reload().unwrap();
    assert!(!taken(&token));
    let header = json!({"alg": "ES256", "kid": "ec-2"});
    assert!(taken(&provider.signed_with(&header, &claims, |text| sign_ec(&next, text))));
    // What has no dot is no token of a provider.
    assert!(openid.check(&"a".repeat(43), now).is_none());
}

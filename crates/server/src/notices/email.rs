//! E-mail through the library's mail server (SMTP, RFC 5321; submission, RFC 6409).
//!
//! The Message-ID comes from the key of the notice, so a mail that goes out once more after a crash is the same mail
//! to whoever looks for duplicates.

use super::{
    NoticesFault, secret_file,
    smtp_answer::{Enhanced, Meaning, meaning},
};
use crate::Now;
use futures_util::{StreamExt as _, future::BoxFuture, stream};
use kortisto_domain::NoticeReason;
use kortisto_register::notices::{Consignment, Courier, Delivering, Delivery, Destination, Message};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
        response::Response,
    },
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use std::{
    error::Error as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::{Instant, timeout_at},
};

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailSecurity {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// STARTTLS, without which nothing is sent (RFC 3207).
    StartTls,
    /// None: only to this machine itself.
    None,
}

/// How e-mail is sent.
#[derive(Debug, Clone)]
pub struct EmailOptions {
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: EmailSecurity,
    /// The authorities by which its certificate is judged, PEM; none means those of the Mozilla programme.
    pub authority: Option<PathBuf>,
    /// User name and the file of the password; none where the server asks for none.
    pub credentials: Option<(String, PathBuf)>,
    /// The sender's address.
    pub from: String,
    /// The sender's name.
    pub from_name: String,
    /// How long one mail may take, connection and greeting included.
    pub timeout: Duration,
    /// Connections at most.
    pub connections_max: u32,
}

/// What a consignment has shown of the mail server so far.
#[derive(Default)]
struct Shown {
    /// It takes nothing at present.
    closed: AtomicBool,
    /// It has taken a mail.
    took: AtomicBool,
    /// Whether it lets the library in at all; asked once, and only when there is a doubt.
    lets_in: OnceCell<bool>,
}

/// What became of a mail, and with which code it was refused where that code may mean the library and not the mail.
type Tried = (Delivery, Option<u16>);

/// Sends e-mail.
pub struct EmailCourier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
    connections_max: usize,
    /// One permit for each conversation, also while nobody waits for it any more.
    conversations: Arc<Semaphore>,
    now: Now,
}

impl EmailCourier {
    /// Reads the files and makes the transport; it connects when there is something to send.
    ///
    /// # Errors
    /// [`NoticesFault`].
    pub fn new(options: EmailOptions, now: Now) -> Result<Self, NoticesFault> {
        let address: Address = options.from.parse().map_err(|_| NoticesFault::Unusable {
            key: "notices.email.from",
            right: "an e-mail address".to_owned(),
        })?;
        let domain = ClientId::Domain(address.domain().to_owned());
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&options.host)
            .port(options.port)
            .timeout(Some(options.timeout))
            .hello_name(domain)
            .pool_config(PoolConfig::new().max_size(options.connections_max))
            .tls(tls(&options)?);
        if let Some((user, password_file)) = &options.credentials {
            let password = secret_file::read(password_file)?;
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            builder = builder.credentials(credentials);
        }
        Ok(Self {
            transport: builder.build(),
            from: Mailbox::new(Some(options.from_name), address),
            timeout: options.timeout,
            connections_max: options.connections_max as usize,
            conversations: Arc::new(Semaphore::new(options.connections_max as usize)),
            now,
        })
    }

    async fn send(&self, consignment: &Consignment, message: &Message, shown: &Shown) -> Tried {
        let later = (Delivery::Later(NoticeReason::NoAnswer), None);
        let Some(mail) = self.mail(message) else { return (Delivery::Refused, None) };
        if shown.closed.load(Relaxed) || !consignment.may_begin() {
            return (Delivery::NotTried, None);
        }
        let until = Instant::now() + self.timeout;
        let transport = self.transport.clone();
        let sent = self.to_its_end(until, async move { transport.send(mail).await });
        let error = match sent.await {
            Some(Ok(answer)) => {
                shown.took.store(true, Relaxed);
                return (Delivery::Sent { proof: proof(&answer) }, None);
            }
            Some(Err(error)) => Some(error),
            None => None,
        };
        let code = error.as_ref().and_then(lettre::transport::smtp::Error::status).map(u16::from);
        let text = error.as_ref().and_then(|error| error.source()).map(ToString::to_string);
        let enhanced = code.zip(text).and_then(|(code, text)| Enhanced::of(code, &text));
        let mut meant = meaning(code, enhanced);
        if meant == Meaning::Unclear && !shown.took.load(Relaxed) && !self.lets_in(shown, until).await {
            meant = Meaning::Closed;
        }
        // The text is not logged: servers repeat addresses in it.
        let enhanced = enhanced.map(|enhanced| enhanced.to_string());
        match meant {
            Meaning::Mail | Meaning::Unclear => {
                tracing::info!(notice = %message.id, code, enhanced, "the mail server refused a notice");
                (Delivery::Refused, code.filter(|_| meant == Meaning::Unclear))
            }
            Meaning::Later => {
                tracing::warn!(notice = %message.id, code, enhanced, "the mail server put a notice off");
                later
            }
            Meaning::Closed => {
                shown.closed.store(true, Relaxed);
                tracing::warn!(notice = %message.id, code, enhanced, "the mail server takes nothing at present");
                later
            }
        }
    }

    /// Whether the mail server greets the library and lets it in. One that refuses at once says so to every mail.
    async fn lets_in(&self, shown: &Shown, until: Instant) -> bool {
        let asked = async || {
            let transport = self.transport.clone();
            let answer = self.to_its_end(until, async move { transport.test_connection().await });
            matches!(answer.await, Some(Ok(true)))
        };
        *shown.lets_in.get_or_init(asked).await
    }

    /// What a conversation with the mail server came to by `until`; none where it was not over by then.
    ///
    /// It goes on by itself, for as long as the limit of each command lets it, also when nobody waits for it any more. One
    /// that is dropped half-way leaves its connection in the pool with an answer that nobody has read: the next mail takes
    /// that for its own, is one answer behind from then on, and counts as sent before the server has judged it.
    async fn to_its_end<T: Send + 'static>(
        &self,
        until: Instant,
        conversation: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let permit = timeout_at(until, Arc::clone(&self.conversations).acquire_owned()).await.ok()?.ok()?;
        let whole = tokio::spawn(async move {
            let outcome = conversation.await;
            drop(permit);
            outcome
        });
        timeout_at(until, whole).await.ok()?.ok()
    }

    /// The mail; none for a destination that is no address to the mail library.
    fn mail(&self, message: &Message) -> Option<lettre::Message> {
        let Destination::Email(address) = &message.destination else { return None };
        let to = Mailbox::new(None, address.parse().ok()?);
        // Nobody's holiday replies come back (RFC 3834).
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let language =
            HeaderValue::new(HeaderName::new_from_ascii_str("Content-Language"), message.language.clone());
        let domain = self.from.email.domain();
        lettre::Message::builder()
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .date((self.now)().into())
            .from(self.from.clone())
            .to(to)
            .subject(message.subject.clone())
            .raw_header(automatic)
            .raw_header(language)
            .header(ContentType::TEXT_PLAIN)
            .body(message.body.clone())
            .ok()
    }
}

impl Courier for EmailCourier {
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a> {
        Box::pin(async move {
            let shown = Shown::default();
            let mut sending: Vec<BoxFuture<'_, Tried>> = Vec::with_capacity(consignment.messages.len());
            for message in &consignment.messages {
                sending.push(Box::pin(self.send(consignment, message, &shown)));
            }
            in_doubt_later(stream::iter(sending).buffered(self.connections_max).collect().await)
        })
    }
}

/// Where every mail of several that were tried was refused with the same code, and that code may mean the library, none of
/// them is refused for good.
fn in_doubt_later(tried: Vec<Tried>) -> Vec<Delivery> {
    let mut codes =
        tried.iter().filter(|(delivery, _)| *delivery != Delivery::NotTried).map(|(_, code)| *code);
    let first = codes.next().flatten();
    let others: Vec<_> = codes.collect();
    let in_doubt = first.is_some() && !others.is_empty() && others.iter().all(|code| *code == first);
    if in_doubt {
        tracing::warn!(code = first, mails = others.len() + 1, "the mail server refused every notice alike");
    }
    let settled = |(delivery, code): Tried| match code {
        Some(_) if in_doubt => Delivery::Later(NoticeReason::NoAnswer),
        _ => delivery,
    };
    tried.into_iter().map(settled).collect()
}

fn tls(options: &EmailOptions) -> Result<Tls, NoticesFault> {
    if options.security == EmailSecurity::None {
        return Ok(Tls::None);
    }
    let unusable = |_| NoticesFault::Unusable {
        key: "notices.email.host",
        right: "a name that a certificate can have".to_owned(),
    };
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(path) = &options.authority {
        let pem = std::fs::read(path).map_err(|error| NoticesFault::File { path: path.clone(), error })?;
        let none = |_| NoticesFault::NoCertificate { path: path.clone() };
        builder = builder
            .add_root_certificate(Certificate::from_pem(&pem).map_err(none)?)
            .certificate_store(lettre::transport::smtp::client::CertificateStore::None);
    }
    let parameters = builder.build_rustls().map_err(unusable)?;
    Ok(match options.security {
        EmailSecurity::Tls => Tls::Wrapper(parameters),
        EmailSecurity::StartTls | EmailSecurity::None => Tls::Required(parameters),
    })
}

/// What the server said when it took the mail, without any address that it repeated.
fn proof(answer: &Response) -> String {
    let words = answer.message().flat_map(str::split_whitespace).filter(|word| !word.contains('@'));
    let mut proof = answer.code().to_string();
    words.for_each(|word| {
        proof.push(' ');
        proof.push_str(word);
    });
    proof
}

#[cfg(test)]
mod tests {
    use super::*;
    use lettre::transport::smtp::response::{Category, Code, Detail, Severity};

    #[test]
    fn a_code_that_every_mail_gets_refuses_none() {
        let (sent, refused) =
            (|| (Delivery::Sent { proof: String::new() }, None), |code| (Delivery::Refused, code));
        let (later, not_tried) = (Delivery::Later(NoticeReason::NoAnswer), || (Delivery::NotTried, None));
        for (tried, expected) in [
            (vec![refused(Some(550)), refused(Some(550))], vec![later.clone(), later.clone()]),
            (
                vec![refused(Some(550)), not_tried(), refused(Some(550))],
                vec![later.clone(), Delivery::NotTried, later.clone()],
            ),
            (vec![refused(Some(550))], vec![Delivery::Refused]),
            (vec![refused(Some(550)), not_tried()], vec![Delivery::Refused, Delivery::NotTried]),
            (vec![refused(Some(550)), refused(Some(554))], vec![Delivery::Refused; 2]),
            (vec![refused(None), refused(None)], vec![Delivery::Refused; 2]),
            (vec![refused(Some(550)), refused(None)], vec![Delivery::Refused; 2]),
            (vec![sent(), refused(Some(550))], vec![sent().0, Delivery::Refused]),
            (vec![(later.clone(), None), refused(Some(550))], vec![later, Delivery::Refused]),
            (vec![], vec![]),
        ] {
            assert_eq!(in_doubt_later(tried.clone()), expected, "{tried:?}");
        }
    }

    #[test]
    fn a_proof_names_the_queue_and_no_address() {
        let code = Code::new(Severity::PositiveCompletion, Category::MailSystem, Detail::Zero);
        let lines = ["2.0.0 <aino@example.fi> Ok:", "queued as 4BzR"].map(str::to_owned);
        assert_eq!(proof(&Response::new(code, lines.to_vec())), "250 2.0.0 Ok: queued as 4BzR");
    }
}

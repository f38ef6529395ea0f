//! Who carries a notice out of the house: a mail server, a gateway, a printer. The register knows none of them.

use kortisto_domain::{NoticeChannel, NoticeReason, notices::recipient::Channels};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::time::Instant;
use uuid::Uuid;

/// Where a notice goes.
#[derive(Clone, PartialEq, Eq)]
pub enum Destination {
    /// An e-mail address, as [`kortisto_domain::contact::email`] keeps it.
    Email(String),
    /// A phone number, as ITU-T E.164 writes it.
    Sms(String),
    /// The lines of an address, the name first.
    Letter(Vec<String>),
}

/// A notice in its words, on its way. Personal data: it has no `Debug`.
#[derive(Clone)]
pub struct Message {
    /// The key of the notice. A repeat after a crash has the same one, and so can be told.
    pub id: Uuid,
    /// Where it goes.
    pub destination: Destination,
    /// The language of its words (ISO 639).
    pub language: String,
    /// Its subject, one line; empty where the channel has none.
    pub subject: String,
    /// Its words.
    pub body: String,
    /// The consignment in which it was handed out before, if what became of that is not known.
    pub earlier: Option<Uuid>,
}

/// Says to everybody who has a clone of it that nothing more is to be begun; once said, it stays so.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<AtomicBool>);

impl Halt {
    /// From now on nothing more is to be begun. What is under way goes on.
    pub fn call(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether that was said.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Notices of one channel that are handed out together.
#[derive(Clone)]
pub struct Consignment {
    /// Its key.
    pub id: Uuid,
    /// What is in it.
    pub messages: Vec<Message>,
    /// What is not under way by then is not begun.
    pub until: Instant,
    /// Nor is what is not under way when this is called: the server stops.
    pub halt: Halt,
}

impl Consignment {
    /// Whether another message may be begun. A courier asks before each one.
    #[must_use]
    pub fn may_begin(&self) -> bool {
        !self.halt.is_called() && Instant::now() < self.until
    }
}

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The other side has taken it, and said so in these words. No personal data; at most [`PROOF_CHARS_MAX`]
    /// characters are kept.
    Sent {
        /// What the other side answered: what a later question there begins with.
        proof: String,
    },
    /// Tried, and not taken now. The try counts.
    Later(NoticeReason),
    /// Not tried, because another one showed that nothing is taken at present, because time was up or
    /// because the server stops. It costs no try.
    NotTried,
    /// Never: the other side refused it for good.
    Refused,
}

/// Longest proof that is kept, in characters.
pub(crate) const PROOF_CHARS_MAX: usize = 200;

/// What became of each notice of a consignment, in its order.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Vec<Delivery>> + Send + 'a>>;

/// Carries notices of one channel.
pub trait Courier: Send + Sync + 'static {
    /// Hands out a consignment. It begins nothing when [`Consignment::may_begin`] says no, and bounds every wait itself.
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a>;
}

/// Who delivers what; a channel without a courier is not offered.
#[derive(Clone, Default)]
pub struct Couriers {
    /// Letters.
    pub letter: Option<Arc<dyn Courier>>,
    /// E-mail.
    pub email: Option<Arc<dyn Courier>>,
    /// Text messages.
    pub sms: Option<Arc<dyn Courier>>,
}

impl std::fmt::Debug for Couriers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Couriers").field(&self.offered()).finish()
    }
}

impl Couriers {
    /// What the library offers.
    #[must_use]
    pub fn offered(&self) -> Channels {
        Channels { letter: self.letter.is_some(), email: self.email.is_some(), sms: self.sms.is_some() }
    }

    /// Whether nothing can be delivered at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offered() == Channels::default()
    }

    /// Who carries this channel.
    pub(crate) fn of(&self, channel: NoticeChannel) -> Option<&Arc<dyn Courier>> {
        match channel {
            NoticeChannel::None => None,
            NoticeChannel::Letter => self.letter.as_ref(),
            NoticeChannel::Email => self.email.as_ref(),
            NoticeChannel::Sms => self.sms.as_ref(),
        }
    }
}

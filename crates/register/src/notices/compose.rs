//! A notice in its words: what it is about at this moment, for whom, in which language.

use super::{
    Message, NoticeOffice,
    addressees::Addressee,
    cause,
    facts::NoticeFacts,
    template::{Rendered, Template, TemplateFault},
    texts,
    wording::{About, FeeLine, LoanLine, Wording, date, fee_name, money},
};
use crate::{RegisterError, fees::ledger};
use chrono::NaiveDate;
use kortisto_domain::{
    FeeKind, HoldState, LoanState, Moment, NoticeChannel, NoticeKind, NoticeReason, fees,
    notices::text::language,
};
use kortisto_store::{
    StoreError,
    entities::{devices, holds, notice_lines, notices, open_loans},
};

/// A notice that can be handed out. Personal data: it has no `Debug`.
pub(crate) struct Composed {
    pub(crate) message: Message,
    pub(crate) channel: NoticeChannel,
    /// Who gets it.
    pub(crate) person_id: i64,
}

/// Puts notices into words at a moment.
pub(crate) struct Composer<'f> {
    pub(crate) facts: &'f NoticeFacts,
    pub(crate) office: &'f NoticeOffice,
    pub(crate) moment: Moment,
}

impl Composer<'_> {
    /// The notice, or why there is none: an inner error settles it.
    pub(crate) fn compose(
        &self,
        notice: &notices::Model,
    ) -> Result<Result<Composed, NoticeReason>, RegisterError> {
        let kind = NoticeKind::try_from(notice.kind).map_err(StoreError::from)?;
        // What is over is told to nobody, whoever could be reached: a retry after days does no harm.
        if self.about(kind, notice, "").is_none() {
            return Ok(Err(NoticeReason::Over));
        }
        let offered = self.office.couriers.offered();
        let addressee = match self.facts.addressee(notice, offered, self.moment.today())? {
            Ok(addressee) => addressee,
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(self.put_into_words(kind, notice, addressee))
    }

    fn put_into_words(
        &self,
        kind: NoticeKind,
        notice: &notices::Model,
        addressee: Addressee<'_>,
    ) -> Result<Composed, NoticeReason> {
        let Addressee { person, for_ward, channel, destination } = addressee;
        let language = language(&person.service_language, &self.office.languages);
        let mut about = self.about(kind, notice, language).ok_or(NoticeReason::Over)?;
        if let About::Invoice { card, .. } = &mut about {
            *card = self.facts.cards.get(&person.id).map(|card| card.number.clone()).unwrap_or_default();
        }
        let values = Wording { library: self.office.library.clone(), for_ward, about };
        let rendered = self.in_words(kind, notice, channel, language, &values).ok_or(NoticeReason::Text)?;
        let message = Message {
            id: notice.id,
            destination,
            language: language.to_owned(),
            subject: rendered.subject,
            body: rendered.body,
            earlier: notice.taken_by,
        };
        Ok(Composed { message, channel, person_id: person.id })
    }

    /// The text: that of staff, else the one built in. A text of staff that makes none with these values, or one that is
    /// too long, gives way to it: the patron is told all the same.
    fn in_words(
        &self,
        kind: NoticeKind,
        notice: &notices::Model,
        channel: NoticeChannel,
        language: &str,
        values: &Wording,
    ) -> Option<Rendered> {
        let written = self.written(kind, notice.step, channel, language);
        match written.map(|template| template.render(channel, values)) {
            Some(Ok(rendered)) => return Some(rendered),
            Some(Err(TemplateFault { field, right })) => tracing::warn!(
                notice = %notice.id, kind = kind.word(), channel = channel.word(), language, field, right,
                "a template makes no text; the one built in is sent"
            ),
            None => {}
        }
        texts::in_words(kind, channel, language, values)
    }

    /// The template that staff have put in force for this step, else for every step.
    fn written(
        &self,
        kind: NoticeKind,
        step: i16,
        channel: NoticeChannel,
        language: &str,
    ) -> Option<Template> {
        let of = |step| {
            self.facts.templates.iter().find(|row| {
                let key = (row.kind, row.step, row.channel, row.language.as_str());
                key == (kind.code(), step, channel.code(), language)
            })
        };
        let row = of(step).or_else(|| of(0))?;
        Some(Template { subject: row.subject.clone(), body: row.body.clone() })
    }

    fn lines(&self, notice: &notices::Model) -> &[notice_lines::Model] {
        self.facts.lines.get(&notice.id).map_or(&[], Vec::as_slice)
    }

    /// The values of its text; none where nothing is left to write.
    fn about(&self, kind: NoticeKind, notice: &notices::Model, language: &str) -> Option<About> {
        match kind {
            NoticeKind::DueReminder => {
                let (due, lines) = self.loans(notice, language, |due_on| self.moment.today() <= due_on)?;
                Some(About::Due { due, count: lines.len(), lines })
            }
            NoticeKind::Overdue => {
                let (due, lines) = self.loans(notice, language, |_| true)?;
                let cents = self.reminder_cents(notice);
                let fee = if cents > 0 { money(cents, language) } else { String::new() };
                Some(About::Overdue { step: notice.step, due, fee, count: lines.len(), lines })
            }
            NoticeKind::Pickup => self.pickup(notice, language),
            NoticeKind::Invoice => self.invoice(notice, language),
        }
    }

    /// The loans that are still open with the due date that the notice is about, and the first of these dates.
    fn loans(
        &self,
        notice: &notices::Model,
        language: &str,
        counts: impl Fn(NaiveDate) -> bool,
    ) -> Option<(String, Vec<LoanLine>)> {
        let mut found: Vec<_> = self.lines(notice).iter().filter_map(|line| self.open(line)).collect();
        found.retain(|loan| counts(loan.due_on));
        found.sort_by_key(|loan| (loan.due_on, loan.item_id));
        let first = found.first()?.due_on;
        let line = |loan: &&open_loans::Model| LoanLine {
            title: self.facts.label(Some(loan.item_id)).to_owned(),
            due: date(loan.due_on, language),
            branch: self.facts.branch(loan.branch_id).to_owned(),
        };
        Some((date(first, language), found.iter().map(line).collect()))
    }

    fn open(&self, line: &notice_lines::Model) -> Option<&open_loans::Model> {
        let loan = self.facts.loans.get(&line.item_id?)?;
        let same = Some(loan.id) == line.loan_id && Some(loan.due_on) == line.due_on;
        (same && loan.state == LoanState::Open.code()).then_some(loan)
    }

    /// What this reminder costs, in cents.
    fn reminder_cents(&self, notice: &notices::Model) -> i64 {
        let step = u8::try_from(notice.step).unwrap_or_default();
        let of_line = |line: &notice_lines::Model| -> i64 {
            let Some(loan) = self.open(line) else { return 0 };
            let step = fees::reminder_step(loan.renewals, step);
            let charged = self.facts.fees.get(&loan.id).into_iter().flatten();
            let of_step = charged.filter(|fee| fee.kind == FeeKind::Reminder.word() && fee.step == step);
            of_step.map(|fee| fee.amount_cents).sum()
        };
        self.lines(notice).iter().map(of_line).sum()
    }

    fn pickup(&self, notice: &notices::Model, language: &str) -> Option<About> {
        let line = self.lines(notice).first()?;
        let hold = self.facts.holds.get(&line.hold_id?)?;
        let (last, ready_at) = (hold.pickup_until?, hold.ready_at?);
        // What is told when it lies in the locker replaces what was not told before that.
        let is_news = line.cause == cause::was_stocked(hold.id, ready_at)
            || (line.cause == cause::became_ready(hold.id, ready_at)
                && !self.facts.told_stocked.contains(&hold.id));
        let waits = hold.state == HoldState::Ready.code() && is_news && self.moment.today() <= last;
        if !waits {
            return None;
        }
        let item = hold.kept_item_id.and_then(|item| self.facts.items.get(&item));
        let title = self.facts.titles.get(&item.map_or(hold.title_id, |item| item.title_id));
        let stop = hold.pickup_stop_id.and_then(|stop| self.facts.stops.get(&stop)).map(|stop| &stop.name);
        let patron = self.facts.patrons.get(&notice.patron_id);
        Some(About::Pickup {
            title: title.map(|title| title.label.clone()).unwrap_or_default(),
            pickup_number: hold.pickup_number.clone().unwrap_or_default(),
            alias: patron.and_then(|patron| patron.hold_alias.clone()).unwrap_or_default(),
            pickup_until: date(last, language),
            branch: self.facts.branch(hold.pickup_branch_id).to_owned(),
            place: stop.or_else(|| self.locker(hold)).cloned().unwrap_or_default(),
        })
    }

    /// The code of the locker in which the item of a hold lies: the one of this branch that has the name of the device which
    /// said so, else the one that was wished. None while it is in no compartment.
    fn locker(&self, hold: &holds::Model) -> Option<&String> {
        hold.compartment.as_ref()?;
        let device = hold.compartment_device_id.and_then(|device| self.facts.stocked_by.get(&device));
        let is_of = |device: &devices::Model| {
            let mut lockers = self.facts.lockers.values();
            lockers.find(|locker| (locker.branch_id, &locker.code) == (device.branch_id, &device.name))
        };
        let wished = || self.facts.lockers.get(&hold.pickup_locker_id?);
        device.and_then(is_of).or_else(wished).map(|locker| &locker.code)
    }

    fn invoice(&self, notice: &notices::Model, language: &str) -> Option<About> {
        let line = self.lines(notice).first()?;
        let charged = self.facts.fees.get(&line.loan_id?).into_iter().flatten();
        let open: Vec<_> = charged.filter(|fee| ledger::is_owed(fee, self.moment.today())).collect();
        let total: i64 = open.iter().map(|fee| fee.open_cents).sum();
        if total == 0 {
            return None;
        }
        let lines: Vec<_> = open
            .iter()
            .map(|fee| FeeLine {
                what: fee_name(FeeKind::from_word(&fee.kind).unwrap_or(FeeKind::Other), language).to_owned(),
                amount: money(fee.open_cents, language),
            })
            .collect();
        let title = self.facts.label(line.item_id).to_owned();
        let (card, total) = (String::new(), money(total, language));
        Some(About::Invoice { title, card, total, count: lines.len(), lines })
    }
}

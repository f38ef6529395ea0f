//! The same operations at the real server: asked by devices and staff, and what they are told in the model's words.

use super::{
    holding::compartment_of,
    op::{Edit, Level, Op, Report, Spot, Who},
    plain::Said,
    world::{World, branch_code, name_in},
};
use crate::coverage::rpc::reason;
use chrono::{NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{Money, Refusal},
    device::v1 as device,
    staff::v1 as staff,
};
use kortisto_domain::LoanState;
use kortisto_register::jobs::Job;
use prost::Message;
use staff::{fee_service_client::FeeServiceClient, loan_service_client::LoanServiceClient};
use tonic::{Response, Status};

/// What was asked, so that it can be asked again word for word.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) op: Op,
    id: String,
    token: String,
    /// The day from which days are counted in it.
    day: NaiveDate,
}

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) said: Said,
    /// The whole answer; empty for a fault, which nobody remembers.
    pub(super) bytes: Vec<u8>,
}

fn heard(answer: &impl Message, refusals: &[Refusal], done: String) -> Heard {
    let mut why: Vec<_> = refusals.iter().map(|why| why.reason().as_str_name().to_owned()).collect();
    why.sort();
    Heard { said: if why.is_empty() { Ok(done) } else { Err(why) }, bytes: answer.encode_to_vec() }
}

/// What staff are told, who get no refusals but faults.
fn heard_at_desk<M: Message>(answer: Result<Response<M>, Status>, done: impl FnOnce(&M) -> String) -> Heard {
    match answer {
        Ok(answer) => heard(answer.get_ref(), &[], done(answer.get_ref())),
        Err(status) => Heard { said: Err(vec![reason(&status).as_str_name().to_owned()]), bytes: Vec::new() },
    }
}

fn cents(money: Option<&Money>) -> i64 {
    money.map_or(0, |money| money.minor_units)
}

fn eur(minor_units: i64) -> Option<Money> {
    Some(Money { minor_units, currency_code: "EUR".to_owned() })
}

/// A date of the contract as the model shows it.
fn day(text: &str) -> Option<NaiveDate> {
    (!text.is_empty()).then(|| text.parse().unwrap())
}

/// The patron who asks, and where; none for what a device or staff ask by themselves.
const fn asker(op: Op) -> Option<(Who, Spot)> {
    match op {
        Op::CheckOut { who, spot, .. }
        | Op::Renew { who, spot, .. }
        | Op::RenewAll { who, spot }
        | Op::Place { who, spot, .. }
        | Op::Change { who, spot, .. }
        | Op::Cancel { who, spot, .. }
        | Op::PickUp { who, spot, .. }
        | Op::Reserve { who, spot, .. }
        | Op::Confirm { who, spot, .. }
        | Op::Revert { who, spot, .. }
        | Op::Pay { who, spot, .. }
        | Op::Look { who, spot } => Some((who, spot)),
        _ => None,
    }
}

impl World {
    /// Asks something for the first time.
    pub(super) async fn ask(&mut self, op: Op) -> (Asked, Heard) {
        let token = match asker(op) {
            Some((who, spot)) => self.token(who, spot).await,
            None => String::new(),
        };
        let (id, day) = (kortisto_testkit::register::new_id(), self.t.surroundings.moment().today());
        let asked = Asked { op, id, token, day };
        let heard = self.send(&asked).await;
        (asked, heard)
    }

    /// Asks something, for the first time or again.
    pub(super) async fn send(&mut self, asked: &Asked) -> Heard {
        match asked.op {
            Op::CheckOut { .. }
            | Op::TakeBack { .. }
            | Op::Undo { .. }
            | Op::Renew { .. }
            | Op::RenewAll { .. } => self.send_of_loans(asked).await,
            Op::Place { .. } | Op::Change { .. } | Op::Cancel { .. } | Op::PickUp { .. } => {
                self.send_of_holds(asked).await
            }
            Op::Reserve { .. } | Op::Confirm { .. } | Op::Revert { .. } | Op::Stock { .. } => {
                self.send_of_lockers(asked).await
            }
            Op::Look { spot, .. } => self.look(spot, &asked.token).await,
            Op::Pay { .. } => self.pay(asked).await,
            Op::ExpireHolds | Op::LapseFees => self.run_job(asked.op).await,
            _ => self.send_of_staff(asked).await,
        }
    }

    async fn send_of_loans(&mut self, asked: &Asked) -> Heard {
        let (request_id, patron_token) = (asked.id.clone(), asked.token.clone());
        match asked.op {
            Op::CheckOut { spot, item, .. } => {
                let item_barcode = self.items[item].barcode.clone();
                let request = device::CheckoutRequest { request_id, patron_token, item_barcode };
                let answer = self.device(spot).loans().checkout(request).await.unwrap().into_inner();
                let done = self.told_of_loan(answer.loan.as_ref());
                heard(&answer, &answer.refusals, done)
            }
            Op::TakeBack { spot, item } => {
                let item_barcode = self.items[item].barcode.clone();
                let request = device::ReturnRequest { request_id, item_barcode };
                let answer = self.device(spot).loans().r#return(request).await.unwrap().into_inner();
                let closed = answer.closed_loan_id.parse().ok().map(|id| name_in(&self.loans, &id));
                let to = || if answer.destination_branch == "main" { "Main" } else { "East" };
                let place = match answer.routing() {
                    device::ItemRouting::Unspecified => "nowhere".to_owned(),
                    device::ItemRouting::Shelf => "shelf".to_owned(),
                    device::ItemRouting::HoldShelf => "hold shelf".to_owned(),
                    device::ItemRouting::TransitHome => format!("home to {}", to()),
                    device::ItemRouting::TransitToHold => format!("to its hold at {}", to()),
                    device::ItemRouting::Staff => "staff".to_owned(),
                };
                heard(&answer, &answer.refusals, format!("loan {closed:?} closed, {place}"))
            }
            Op::Undo { spot, loan } => {
                let loan_id = self.loans[loan].to_string();
                let item_barcode = self.items[self.item_of_loan[loan]].barcode.clone();
                let request = device::CancelCheckoutRequest { request_id, loan_id, item_barcode };
                let answer = self.device(spot).loans().cancel_checkout(request).await.unwrap().into_inner();
                let done = if answer.loan_goes_on() { "the loan goes on" } else { "there is no loan" };
                heard(&answer, &answer.refusals, done.to_owned())
            }
            Op::Renew { spot, item, .. } => {
                let item_barcode = self.items[item].barcode.clone();
                let request = device::RenewRequest { request_id, patron_token, item_barcode };
                let answer = self.device(spot).loans().renew(request).await.unwrap().into_inner();
                let loan = self.told_of_loan(answer.loan.as_ref());
                let charged = cents(answer.charged.as_ref());
                heard(&answer, &answer.refusals, format!("{loan}, charged {charged}"))
            }
            Op::RenewAll { spot, .. } => {
                let request = device::RenewAllRequest { request_id, patron_token };
                let answer = self.device(spot).loans().renew_all(request).await.unwrap().into_inner();
                let mut lines = Vec::new();
                for result in &answer.results {
                    let loan = result.loan.as_ref().unwrap();
                    let item = self.item_of(&loan.item_barcode);
                    let line = format!(
                        "{}, charged {}",
                        self.told_of_loan(Some(loan)),
                        cents(result.charged.as_ref())
                    );
                    let said = heard(result, &result.refusals, line).said;
                    lines.push(said.unwrap_or_else(|why| format!("item {item} not: {why:?}")));
                }
                // The reasons of the whole are those of its parts.
                heard(&answer, &[], lines.join("; "))
            }
            op => unreachable!("{op:?}"),
        }
    }

    async fn send_of_holds(&mut self, asked: &Asked) -> Heard {
        let (request_id, patron_token) = (asked.id.clone(), asked.token.clone());
        match asked.op {
            Op::Place { spot, item, level, pickup, .. } => {
                let (level, home) = match level {
                    Level::Title => (device::HoldLevel::Title, ""),
                    Level::Item => (device::HoldLevel::Item, ""),
                    Level::Home(branch) => (device::HoldLevel::Branch, branch_code(branch)),
                };
                let request = device::PlaceHoldRequest {
                    request_id,
                    patron_token,
                    item_barcode: self.items[item].barcode.clone(),
                    level: level.into(),
                    home_branch: home.to_owned(),
                    pickup_branch: branch_code(pickup).to_owned(),
                    ..Default::default()
                };
                let answer = self.device(spot).holds().place_hold(request).await.unwrap().into_inner();
                let done = answer.hold.as_ref().map(|hold| {
                    let id = hold.hold_id.parse().unwrap();
                    if !self.holds.contains(&id) {
                        self.holds.push(id);
                    }
                    format!("hold {}, place {}", name_in(&self.holds, &id), hold.queue_position)
                });
                heard(&answer, &answer.refusals, done.unwrap_or_default())
            }
            Op::Change { spot, hold, edit, .. } => {
                let request = device::ChangeHoldRequest {
                    request_id,
                    patron_token,
                    hold_id: self.holds[hold].to_string(),
                    ..Default::default()
                };
                let request = match edit {
                    Edit::Freeze(days) => {
                        let frozen_until = (asked.day + TimeDelta::days(days)).to_string();
                        device::ChangeHoldRequest { frozen_until, ..request }
                    }
                    Edit::Unfreeze => device::ChangeHoldRequest { unfreeze: true, ..request },
                    Edit::PickUpAt(branch) => {
                        device::ChangeHoldRequest { pickup_branch: branch_code(branch).to_owned(), ..request }
                    }
                };
                let answer = self.device(spot).holds().change_hold(request).await.unwrap().into_inner();
                let done = answer.hold.as_ref().map(|hold| {
                    let name = name_in(&self.holds, &hold.hold_id.parse().unwrap());
                    let at = if hold.pickup_branch == "main" { "Main" } else { "East" };
                    let frozen = day(&hold.frozen_until);
                    format!("hold {name}, place {}, frozen {frozen:?}, at {at}", hold.queue_position)
                });
                heard(&answer, &answer.refusals, done.unwrap_or_default())
            }
            Op::Cancel { spot, hold, .. } => {
                let hold_id = self.holds[hold].to_string();
                let request = device::CancelHoldRequest { request_id, patron_token, hold_id };
                let answer = self.device(spot).holds().cancel_hold(request).await.unwrap().into_inner();
                heard(&answer, &answer.refusals, "cancelled".to_owned())
            }
            Op::PickUp { spot, hold, .. } => {
                let hold_id = self.holds[hold].to_string();
                let request = device::PickUpHoldRequest { request_id, patron_token, hold_id };
                let answer = self.device(spot).holds().pick_up_hold(request).await.unwrap().into_inner();
                let done = self.told_of_loan(answer.loan.as_ref());
                heard(&answer, &answer.refusals, done)
            }
            op => unreachable!("{op:?}"),
        }
    }

    async fn send_of_lockers(&mut self, asked: &Asked) -> Heard {
        let (request_id, patron_token) = (asked.id.clone(), asked.token.clone());
        match asked.op {
            Op::Reserve { spot, hold, .. } => {
                let hold_id = self.holds[hold].to_string();
                let request = device::ReservePickupRequest { request_id, patron_token, hold_id };
                let answer = self.device(spot).holds().reserve_pickup(request).await.unwrap().into_inner();
                let lies_in_one = !answer.compartment.is_empty();
                let until = answer.reservation_ends_at.unwrap_or_default();
                let until =
                    chrono::DateTime::from_timestamp(until.seconds, until.nanos.unsigned_abs()).unwrap();
                heard(&answer, &answer.refusals, format!("in a compartment {lies_in_one}, until {until}"))
            }
            Op::Confirm { spot, hold, .. } => {
                let hold_id = self.holds[hold].to_string();
                let request = device::ConfirmPickupRequest { request_id, patron_token, hold_id };
                let answer = self.device(spot).holds().confirm_pickup(request).await.unwrap().into_inner();
                let done = self.told_of_loan(answer.loan.as_ref());
                heard(&answer, &answer.refusals, done)
            }
            Op::Revert { spot, hold, .. } => {
                let hold_id = self.holds[hold].to_string();
                let request = device::RevertPickupRequest { request_id, patron_token, hold_id };
                let answer = self.device(spot).holds().revert_pickup(request).await.unwrap().into_inner();
                heard(&answer, &answer.refusals, "as before".to_owned())
            }
            Op::Stock { spot, hold } => {
                let (hold_id, compartment) = (self.holds[hold].to_string(), compartment_of(hold).to_string());
                let request = device::StockCompartmentRequest { request_id, hold_id, compartment };
                let answer = self.device(spot).holds().stock_compartment(request).await.unwrap().into_inner();
                let until = day(&answer.pickup_until);
                heard(&answer, &answer.refusals, format!("until {until:?}"))
            }
            op => unreachable!("{op:?}"),
        }
    }

    async fn send_of_staff(&mut self, asked: &Asked) -> Heard {
        self.keep_staff_signed_in().await;
        let request_id = asked.id.clone();
        let mut loans = LoanServiceClient::new(self.staff.channel());
        let mut fees = FeeServiceClient::new(self.staff.channel());
        let grounds = "as the model says".to_owned();
        match asked.op {
            Op::Report { item, report } => {
                let report = match report {
                    Report::Open => staff::LoanReport::Open,
                    Report::ClaimedReturned => staff::LoanReport::ClaimedReturned,
                    Report::Lost => staff::LoanReport::Lost,
                };
                let item_barcode = self.items[item].barcode.clone();
                let request = staff::ReportLoanRequest { request_id, item_barcode, report: report.into() };
                let told = loans.report_loan(request).await;
                let name = |id: &str| name_in(&self.loans, &id.parse().unwrap());
                heard_at_desk(told, |answer| format!("loan {}", name(&answer.loan_id)))
            }
            Op::Bill { item } => {
                let item_barcode = self.items[item].barcode.clone();
                let told = loans.bill_loan(staff::BillLoanRequest { request_id, item_barcode }).await;
                let name = |id: &str| name_in(&self.loans, &id.parse().unwrap());
                heard_at_desk(told, |answer| {
                    let [late, price, bill] = [&answer.overdue, &answer.compensation, &answer.billing]
                        .map(|money| cents(money.as_ref()));
                    format!("loan {}: late {late}, price {price}, bill {bill}", name(&answer.loan_id))
                })
            }
            Op::Charge { patron, cents } => {
                let request = staff::ChargeFeeRequest {
                    request_id,
                    patron_number: self.patrons[patron].number.clone(),
                    kind: staff::FeeKind::Compensation.into(),
                    amount: eur(cents),
                    note: grounds,
                    item_barcode: String::new(),
                };
                heard_at_desk(fees.charge_fee(request).await, |_| "charged".to_owned())
            }
            Op::PayAtDesk { patron, what } => {
                let (amount, chosen) = what.asked();
                let request = staff::RecordDeskPaymentRequest {
                    request_id,
                    patron_number: self.patrons[patron].number.clone(),
                    means: staff::PaymentMeans::Cash.into(),
                    fee_ids: chosen.into_iter().map(|fee| self.fees[fee].to_string()).collect(),
                    amount: eur(amount),
                    ..Default::default()
                };
                let told = fees.record_desk_payment(request).await;
                heard_at_desk(told, |answer| {
                    let shares = answer.paid.iter().map(|share| (&share.fee_id, share.amount.as_ref()));
                    self.told_of_payment(&answer.payment_id, shares, answer.balance.as_ref())
                })
            }
            Op::Waive { fee, cents: amount } => {
                let fee_id = self.fees[fee].to_string();
                let request =
                    staff::WaiveFeeRequest { request_id, fee_id, amount: amount.and_then(eur), grounds };
                let told = fees.waive_fee(request).await;
                heard_at_desk(told, |answer| format!("open {}", cents(answer.open.as_ref())))
            }
            Op::Refund { payment, cents: amount, also_waive } => {
                let request = staff::RefundPaymentRequest {
                    request_id,
                    payment_id: self.payments[payment].to_string(),
                    amount: amount.and_then(eur),
                    grounds,
                    also_waive,
                    ..Default::default()
                };
                let told = fees.refund_payment(request).await;
                heard_at_desk(told, |answer| {
                    let shares = answer.refunded.iter().map(|share| (&share.fee_id, share.amount.as_ref()));
                    format!("back {:?}, left {}", self.shares(shares), cents(answer.left.as_ref()))
                })
            }
            op => unreachable!("{op:?}"),
        }
    }

    async fn pay(&mut self, asked: &Asked) -> Heard {
        let Op::Pay { spot, what, .. } = asked.op else { unreachable!("{:?}", asked.op) };
        let (amount, chosen) = what.asked();
        let request = device::RecordPaymentRequest {
            request_id: asked.id.clone(),
            patron_token: asked.token.clone(),
            operator: "model".to_owned(),
            order_id: asked.id.clone(),
            fee_ids: chosen.into_iter().map(|fee| self.fees[fee].to_string()).collect(),
            amount: eur(amount),
        };
        let answer = self.device(spot).fees().record_payment(request).await.unwrap().into_inner();
        let done = if answer.refusals.is_empty() {
            let shares = answer.paid.iter().map(|share| (&share.fee_id, share.amount.as_ref()));
            self.told_of_payment(&answer.payment_id, shares, answer.balance.as_ref())
        } else {
            String::new()
        };
        heard(&answer, &answer.refusals, done)
    }

    async fn run_job(&self, op: Op) -> Heard {
        let said = if op == Op::ExpireHolds {
            let done = self.t.job(Job::ExpireHolds).await;
            format!("{} uncollected, {} ended", done.count("uncollected_holds"), done.count("ended_holds"))
        } else {
            format!("{} lapsed", self.t.job(Job::LapseFees).await.count("lapsed_fees"))
        };
        Heard { said: Ok(said), bytes: Vec::new() }
    }

    /// What the patron sees; a locker shows holds only.
    async fn look(&self, spot: Spot, token: &str) -> Heard {
        let device = self.device(spot);
        let patron_token = token.to_owned();
        let request = device::ListHoldsRequest { patron_token: patron_token.clone(), ..Default::default() };
        let listed = device.holds().list_holds(request).await.unwrap().into_inner();
        let name = |hold: &device::Hold| name_in(&self.holds, &hold.hold_id.parse().unwrap());
        let ready: Vec<_> = listed
            .ready
            .iter()
            .map(|hold| format!("hold {} {:?}", name(hold), day(&hold.pickup_until)))
            .collect();
        let waiting: Vec<_> = listed
            .pending
            .iter()
            .map(|hold| format!("hold {} place {}", name(hold), hold.queue_position))
            .collect();
        let mut seen = format!("ready {ready:?}, waiting {waiting:?}");
        if !spot.is_locker() {
            let request =
                device::ListLoansRequest { patron_token: patron_token.clone(), ..Default::default() };
            let listed = device.loans().list_loans(request).await.unwrap().into_inner();
            let loans: Vec<_> = listed.loans.iter().map(|listed| self.listed(listed)).collect();
            let request = device::ListFeesRequest { patron_token, ..Default::default() };
            let listed = device.fees().list_fees(request).await.unwrap().into_inner();
            let name = |fee: &device::Fee| name_in(&self.fees, &fee.fee_id.parse().unwrap());
            let line = |fee: &device::Fee| format!("fee {}: {}", name(fee), cents(fee.open.as_ref()));
            let fees: Vec<_> = listed.fees.iter().map(line).collect();
            let (balance, payable) = (cents(listed.balance.as_ref()), cents(listed.payable.as_ref()));
            seen = format!("{seen}\n{}\n{fees:?}, balance {balance}, payable {payable}", loans.join("; "));
        }
        Heard { said: Ok(seen), bytes: Vec::new() }
    }

    fn listed(&self, listed: &device::ListedLoan) -> String {
        let loan = listed.loan.as_ref().unwrap();
        let item = self.item_of(&loan.item_barcode);
        let state = match listed.state() {
            device::LoanState::Unspecified => unreachable!("never sent"),
            device::LoanState::Open => LoanState::Open,
            device::LoanState::ClaimedReturned => LoanState::ClaimedReturned,
            device::LoanState::Lost => LoanState::Lost,
            device::LoanState::Billed => LoanState::Billed,
        };
        let mut why: Vec<_> = listed.renewal_refusals.iter().map(|why| why.reason().as_str_name()).collect();
        why.sort_unstable();
        let (due, renewals, late) = (&loan.due_date, loan.renewals, listed.is_late);
        let accrued = cents(listed.accrued.as_ref());
        format!(
            "item {item} until {due}, renewed {renewals}, {state:?}, late {late}, costs {accrued}, {why:?}"
        )
    }

    fn item_of(&self, barcode: &str) -> usize {
        self.items.iter().position(|item| item.barcode == barcode).unwrap()
    }

    /// The loan of an answer, which gets its number when it is told of for the first time.
    fn told_of_loan(&mut self, loan: Option<&device::Loan>) -> String {
        let Some(loan) = loan else { return String::new() };
        let (id, item) = (loan.loan_id.parse().unwrap(), self.item_of(&loan.item_barcode));
        if !self.loans.contains(&id) {
            self.loans.push(id);
            self.item_of_loan.push(item);
        }
        format!("item {item} until {}, renewed {}", loan.due_date, loan.renewals)
    }

    fn shares<'s>(&self, shares: impl Iterator<Item = (&'s String, Option<&'s Money>)>) -> Vec<(usize, i64)> {
        shares.map(|(fee, amount)| (name_in(&self.fees, &fee.parse().unwrap()), cents(amount))).collect()
    }

    fn told_of_payment<'s>(
        &mut self,
        id: &str,
        shares: impl Iterator<Item = (&'s String, Option<&'s Money>)>,
        balance: Option<&Money>,
    ) -> String {
        let id = id.parse().unwrap();
        if !self.payments.contains(&id) {
            self.payments.push(id);
        }
        let (name, shares) = (name_in(&self.payments, &id), self.shares(shares));
        format!("payment {name}: {shares:?}, left {}", cents(balance))
    }
}

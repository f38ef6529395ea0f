//! The table of every policy key, and what is made from it.

use super::ladder::Ladder;
use super::value::PolicyValue;
use super::words::{
    CapScope, ClosedDueDay, DebtComparator, FeeUnit, FoundCredit, GrantMode, HistoryKept, PartialPayment,
    RenewalStart, UnknownBirthDate,
};
use super::year_turn::YearTurn;
use super::{PolicyFault, PolicyRow, PolicyRule};

/// What a scope may name for a key, beside nothing at all.
#[derive(Debug, Clone, Copy)]
struct Reach {
    name: &'static str,
    place: bool,
    category: bool,
    /// Whether it may name what is borrowed: material and collection.
    loan: bool,
}

/// One value in the whole consortium.
const CONSORTIUM: Reach = Reach { name: "consortium", place: false, category: false, loan: false };
/// By municipality and branch.
const PLACE: Reach = Reach { name: "place", place: true, ..CONSORTIUM };
/// By place and patron category.
const PATRON: Reach = Reach { name: "place, category", category: true, ..PLACE };
/// By place, patron category, material and collection.
const LOAN: Reach = Reach { name: "place, category, material, collection", loan: true, ..PATRON };

/// One entry of the [`catalogue`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyKey {
    /// The key as it stands in a row.
    pub key: &'static str,
    /// What it decides.
    pub meaning: &'static str,
    /// What its values count; empty where they are words.
    pub unit: &'static str,
    /// The values it takes.
    pub allowed: String,
    /// The value where no row applies.
    pub default: String,
    /// What a scope may name: `consortium` (nothing), `place`, `place, category` or
    /// `place, category, material, collection`.
    pub reach: &'static str,
    /// Where key and default come from: requirements (A69), the published practice of consortia, or law.
    pub source: &'static str,
}

macro_rules! policy_keys {
    ($($(#[doc = $meaning:literal])+
       $name:ident: $type:ty = $key:literal, $bounds:expr, $default:expr, $unit:literal, $reach:ident,
       $source:literal;
    )+) => {
        /// The rows of every key.
        #[derive(Debug, Clone)]
        pub(super) struct Settings {
            $($(#[doc = $meaning])+ pub(super) $name: Ladder<$type>,)+
        }

        impl Settings {
            /// No rows: every key answers its default.
            pub(super) const fn defaults() -> Self {
                Self { $($name: Ladder::new($key, $default),)+ }
            }

            /// Adds a row to its key. Asking comes after [`Settings::order`].
            pub(super) fn add(&mut self, index: usize, row: PolicyRow) -> Result<(), PolicyFault> {
                match row.key.as_str() {
                    $($key => {
                        check_reach(index, &row, &$reach)?;
                        let value = parse::<$type>(index, &row, &$bounds)?;
                        self.$name.add(value, row);
                    })+
                    _ => return Err(unknown_key(index, row, &[$($key),+])),
                }
                Ok(())
            }

            /// Puts the rows of every key in the order in which they win.
            pub(super) fn order(&mut self) {
                $(self.$name.order();)+
            }
        }

        /// Every key with its meaning, unit, values, default, reach and source.
        #[must_use]
        pub fn catalogue() -> Vec<PolicyKey> {
            vec![$(PolicyKey {
                key: $key,
                meaning: concat!($($meaning),+).trim_ascii(),
                unit: $unit,
                allowed: <$type>::allowed(&$bounds),
                default: <$type as PolicyValue>::text($default),
                reach: $reach.name,
                source: $source,
            },)+]
        }
    };
}

// Each entry: meaning, then name and type = key, values, default, unit, reach, source. Groups stand in the order
// of the alphabet, so that two who add a key to different groups do not meet.
policy_keys! {
    // age: what a birthday changes.

    /// Age under which a card is issued with a guardian's consent only.
    consent_age: u8 = "age.guardian_consent_card", 0..=18, 15, "years", PLACE,
        "A49; practice: 15 in every consortium that publishes it";
    /// Age of a ward under which its guardians answer for its debts and overdue loans.
    liability_age: u8 = "age.guardian_liability", 0..=18, 15, "years", CONSORTIUM,
        "A48, A56; practice: 15, and 18 in OUTI and Kirkkonummi";

    // age_rating: what children may borrow.

    /// What lending says of an item with an age rating where the birth date is not known.
    rating_unknown_age: UnknownBirthDate = "age_rating.unknown_birth_date",
        (), UnknownBirthDate::Refuse, "", PLACE, "Act on audiovisual programmes 710/2011";

    // ban: what stands in the way of borrowing.

    /// Whether the limit itself blocks, or only more than it.
    debt_comparator: DebtComparator = "ban.debt_comparator", (), DebtComparator::AtLeast, "", PATRON,
        "A69; practice: at_least in most consortia, over in Heili, Anders and Lukki";
    /// Debt at which a patron may not borrow.
    debt_limit: Option<i64> = "ban.debt_limit_cents", 1..=1_000_000, Some(1_000), "cents", PATRON,
        "A69; practice: 10.00 in most consortia, up to 30.00";
    /// Whether the guardians of a child who may not borrow may not borrow either.
    inherit_to_guardian: bool = "ban.inherit_to_guardian", (), false, "", CONSORTIUM,
        "A71; practice: true in PIKI";
    /// Days after the due date of any loan from which on its borrower may not borrow.
    overdue_days: Option<u16> = "ban.overdue_days", 1..=365, None, "days", PATRON,
        "A71; practice: 28 in Helmet and Kirkes (the second reminder), 49 in Louna";
    /// Days that a use ban lasts at most.
    use_ban_days: u16 = "ban.use_days_max", 1..=30, 30, "days", PLACE,
        "A72; Public Libraries Act 1492/2016, section 15: 30 at most";
    /// Day of the year from which on any debt of an earlier year blocks borrowing.
    year_turn: Option<YearTurn> = "ban.year_turn", (), None, "", PATRON,
        "A69; practice: 01-01 in Imatra and Vaara, 02-01 in Lumme";

    // card: how cards are issued.

    /// Cards in force of one patron at most.
    cards_max: u8 = "card.max_per_patron", 1..=20, 1, "cards", PATRON,
        "A27; practice: one in Kirkes and LASTU, several in Kainet";
    /// Months for which a card is valid whose patron has no Finnish personal identity code.
    card_months_without_code: Option<u16> = "card.validity_months_without_code", 1..=120, Some(12), "months",
        PATRON, "A29; practice: 12 in Helmet, PIKI, Kyyti and Kirkkonummi";
    /// Years for which a card is valid.
    card_years: Option<u8> = "card.validity_years", 1..=20, Some(10), "years", PATRON,
        "A29; practice: 10 by default in Koha-Suomi, earlier 5; institutions 1 in Kirkes";

    // fee: what is charged. Every price is 0 until somebody decides it.

    /// What a bill costs beside the price of the item.
    fee_bill: u32 = "fee.bill_cents", 0..=100_000, 0, "cents", PATRON,
        "A68, A70; practice: 5.00 in Heili and Kyyti, 7.50 in Satakirjastot";
    /// What a card in place of a lost one costs.
    fee_card: u32 = "fee.card_replacement_cents", 0..=100_000, 0, "cents", PATRON,
        "A68; practice: 2.00 or 3.00";
    /// What it costs a child; none means the same as everybody.
    fee_card_child: Option<u32> = "fee.card_replacement_child_cents", 0..=100_000, None, "cents", PATRON,
        "A68; practice: 1.50 in Kirkes, 2.00 in Helmet";
    /// The price of a lost item that names none itself.
    fee_compensation: u32 = "fee.compensation_cents", 0..=1_000_000, 0, "cents", LOAN,
        "A70; the price of the item goes before it";
    /// What of the price of a lost item is taken back when it turns up.
    fee_found_credit: FoundCredit = "fee.found_credit", (), FoundCredit::Unpaid, "", CONSORTIUM,
        "A70; the register's own default";
    /// What a loan costs that comes back late, for each unit.
    fee_overdue: u32 = "fee.overdue_cents", 0..=10_000, 0, "cents", LOAN,
        "A68; practice: 0.10 to 0.50 for each day, nothing for children's collections in Heili, Kirkes and Louna";
    /// What the fee of one late loan, or of all of a patron, comes to at most.
    fee_overdue_cap: Option<u32> = "fee.overdue_cap_cents", 1..=100_000, None, "cents", LOAN,
        "A68; practice: 4.00 to 9.00 for each loan, 20.00 for each patron in Kuhmo";
    /// Whether the cap is of a loan or of a patron.
    fee_overdue_cap_scope: CapScope = "fee.overdue_cap_scope", (), CapScope::Loan, "", PATRON,
        "A68; practice: the loan, the patron in Kuhmo";
    /// Whether days on which the branch is closed count as late.
    fee_overdue_closed_days: bool = "fee.overdue_closed_days", (), true, "", PLACE,
        "A68; practice: all calendar days in Heili";
    /// Age under which nobody pays for being late.
    fee_overdue_exempt_age: u8 = "fee.overdue_exempt_under_age", 0..=18, 0, "years", PATRON,
        "A68; practice: 18 in Helmet, 15 in Tampere";
    /// Days after the due date that cost nothing.
    fee_overdue_grace: u16 = "fee.overdue_grace_days", 0..=60, 0, "days", LOAN,
        "A68; practice: 4 in Louna";
    /// Whether a new price counts for the days before it too, of loans that are still out.
    fee_overdue_retroactive: bool = "fee.overdue_retroactive", (), false, "", CONSORTIUM,
        "A68; practice: true in Helle on 1 January 2025";
    /// What is counted.
    fee_overdue_unit: FeeUnit = "fee.overdue_unit", (), FeeUnit::Day, "", LOAN,
        "A68; practice: days mostly, weeks in Anders, started weeks in Suomussalmi";
    /// What the first reminder costs.
    fee_reminder_1: u32 = "fee.reminder_1_cents", 0..=10_000, 0, "cents", PATRON,
        "A68; practice: 0.80 to 2.00";
    /// What the second reminder costs.
    fee_reminder_2: u32 = "fee.reminder_2_cents", 0..=10_000, 0, "cents", PATRON,
        "A68; practice: 1.00 to 3.00";
    /// What the third reminder costs.
    fee_reminder_3: u32 = "fee.reminder_3_cents", 0..=10_000, 0, "cents", PATRON,
        "A68; practice: 1.00 in PIKI, 2.00 in Louna";
    /// What a hold costs that is not picked up.
    fee_uncollected: u32 = "fee.uncollected_hold_cents", 0..=10_000, 0, "cents", LOAN,
        "A68; practice: 1.00 to 2.00, nothing from bookmobiles nor for children's material in PIKI";
    /// Age under which nobody pays for a hold that is not picked up.
    fee_uncollected_exempt_age: u8 = "fee.uncollected_hold_exempt_under_age", 0..=18, 0, "years", LOAN,
        "A68; practice: 15 in PIKI, none in Heili and Kirkes";

    // guardian: how long a guardian stays one.

    /// Age of the ward at which the relation to a guardian ends by itself.
    guardian_end_age: u8 = "guardian.end_age", 1..=18, 15, "years", CONSORTIUM,
        "A50, A51, A53: 15; 18 where a guardian answers for loans until then";

    // history: what is kept of past loans.

    /// Whose loan history is kept once they have consented to it; nobody's without consent.
    history: HistoryKept = "history.default", (), HistoryKept::OnConsent, "", CONSORTIUM,
        "A78, A79, A80: on consent in LASTU and Kainet, for the home library service only in Heili";

    // hold: how holds wait.

    /// Whether what is borrowed may be held.
    hold_allowed: bool = "hold.allowed", (), true, "", LOAN,
        "Practice: not quick loans";
    /// Whether whoever may not borrow may not place a hold either.
    hold_blocked: bool = "hold.blocked_with_lending", (), true, "", PATRON,
        "Practice: no holds at the debt limit in Kainet";
    /// Days for which a hold may be frozen at most.
    hold_freeze_days: u16 = "hold.freeze_days_max", 1..=730, 365, "days", CONSORTIUM,
        "The register's own bound";
    /// Whether a child's guardian may pick up what waits for the child.
    hold_guardian: bool = "hold.guardian_picks_up", (), true, "", CONSORTIUM,
        "A53; practice: a guardian runs the child's errands";
    /// Minutes for which the compartment of a locker waits for its door to be opened.
    hold_locker_minutes: u16 = "hold.locker_minutes", 1..=60, 5, "minutes", PLACE,
        "A89; the register's own default";
    /// Holds of a patron at once at most.
    hold_max: Option<u32> = "hold.max_total", 0..=10_000, Some(50), "holds", PATRON,
        "A66; practice: 50 in Heili, Helmet and OUTI, 70 in Lukki, 300 in PIKI";
    /// Days for which a ready hold waits.
    pickup_days: u16 = "hold.pickup_days", 1..=60, 7, "days", PLACE,
        "Practice: 7 in Kemijärvi, 8 in Kainet";
    /// Whether a hold is picked up only with the card that placed it.
    hold_same_card: bool = "hold.same_card_only", (), false, "", CONSORTIUM,
        "Practice: true in Lestijärvi";
    /// Days for which a hold waits in its queue, unless its patron says fewer.
    hold_validity: u16 = "hold.validity_days", 1..=3_650, 730, "days", PATRON,
        "The register's own default";

    // loan: how long and how much.

    /// What becomes of a due date on which the branch is closed.
    loan_closed_day: ClosedDueDay = "loan.due_on_closed_day", (), ClosedDueDay::Keep, "", PLACE,
        "Practice: both occur";
    /// Days from the loan to its due date where others wait for the title; none means as ever.
    loan_held_period: Option<u16> = "loan.held_period_days", 1..=365, None, "days", LOAN,
        "Practice: 14 in Heili and Keski";
    /// Days from the loan to its due date.
    loan_period: u16 = "loan.period_days", 1..=365, 28, "days", LOAN,
        "Practice: 28 for books in every consortium that publishes it, 1 to 42 in Kirkes";
    /// Open loans of a patron in the whole consortium at most.
    loan_max_total: Option<u32> = "loan.max_total", 0..=10_000, Some(100), "loans", PATRON,
        "A66; practice: 100 in Helmet, OUTI and Ratamo, 50 to 300 in all";
    /// Open loans of one material at most; without a material in the scope, of each material.
    loan_max_material: Option<u32> = "loan.max_material", 0..=10_000, None, "loans", LOAN,
        "Practice: 5 console games in Kirkes and Helmet";

    /// Whether a kiosk that scans a loan of its own patron again renews it.
    loan_rescan: bool = "loan.rescan_renews", (), false, "", PLACE,
        "Practice: most kiosks do";
    /// Minutes for which a check-out can be undone where it was made.
    loan_undo: u16 = "loan.undo_minutes", 1..=120, 15, "minutes", PLACE,
        "The register's own default";

    // message: how long a message waits.

    /// Days for which a message or remark stands that names no last day of its own.
    message_days: Option<u16> = "message.expiry_days", 1..=3_650, Some(365), "days", PLACE,
        "A62, A63: with an expiry; the number is the register's own";

    // notice: what is written to patrons, and when.

    /// Days after the due date on which a loan is billed; none means that nothing is.
    bill_days: Option<u16> = "notice.bill_days", 1..=365, None, "days", PATRON,
        "A70; practice: 49 in Kirkes and Louna, 56 in Satakirjastot and Anders, 70 in PIKI";
    /// Days before the due date on which those are reminded who have not chosen; none means not at all.
    due_reminder_days: Option<u8> = "notice.due_reminder_days", 1..=14, Some(3), "days", PATRON,
        "A58";
    /// Days after the due date on which the first reminder goes; none means that none goes.
    overdue_1_days: Option<u16> = "notice.overdue_1_days", 1..=365, Some(7), "days", PATRON,
        "A59; practice: 7 in Heili, PIKI, Louna and Vaski, 14 in Kirkes";
    /// Days after the due date on which the second reminder goes; none means that none goes.
    overdue_2_days: Option<u16> = "notice.overdue_2_days", 1..=365, Some(21), "days", PATRON,
        "A59; practice: 21 in Heili, PIKI, Louna and Vaski, 28 in Kirkes";
    /// Days after the due date on which the third reminder goes; none means that none goes.
    overdue_3_days: Option<u16> = "notice.overdue_3_days", 1..=365, None, "days", PATRON,
        "A59; practice: 35 in PIKI and Louna";
    /// Days after the due date on which the first reminder goes where others wait; none means as ever.
    overdue_held_days: Option<u16> = "notice.overdue_held_days", 1..=365, None, "days", PATRON,
        "A59; practice: 1 in Heili, Vanamo and Kemijärvi";

    // pay: what may be paid where.

    /// What is paid online at least.
    pay_online_min: u32 = "pay.online_min_cents", 1..=10_000, 65, "cents", CONSORTIUM,
        "Practice: 0.65 in Heili and by default in Finna";
    /// How a part of what is owed may be paid online.
    pay_online_partial: PartialPayment = "pay.online_partial", (), PartialPayment::WholeFees, "", CONSORTIUM,
        "Practice: all at once in Heili";
    /// How a part of what is owed may be paid at a kiosk or a desk.
    pay_partial: PartialPayment = "pay.partial", (), PartialPayment::Any, "", CONSORTIUM,
        "The register's own default";

    // pc: who uses PCs.

    /// Age from which PCs may be used.
    pc_min_age: u8 = "pc.min_age", 0..=18, 0, "years", PLACE,
        "A87; practice: limits differ by terminal";
    /// What a PC says where an age limit applies and the birth date is not known.
    pc_unknown_age: UnknownBirthDate = "pc.unknown_birth_date", (), UnknownBirthDate::Refuse, "", PLACE,
        "A87";
    /// Whether a lending ban also closes the PCs.
    pc_lending_ban: bool = "pc.blocked_by_lending_ban", (), false, "", PLACE,
        "A74b";

    // pin: what a PIN is.

    /// Digits of a PIN at least.
    pin_length_min: u8 = "pin.length_min", 4..=12, 4, "digits", CONSORTIUM,
        "A31; practice: four digits everywhere; the contract takes 4 to 12";
    /// Digits of a PIN at most; where it is less than the least, the least counts.
    pin_length_max: u8 = "pin.length_max", 4..=12, 12, "digits", CONSORTIUM,
        "A31; the contract takes 4 to 12; set 4 where the devices take no more";

    // renew: how often and when not.

    /// Whether nothing is renewed for which others wait.
    renew_hold: bool = "renew.blocked_by_hold", (), true, "", LOAN,
        "Practice: true everywhere";
    /// Debt at which nothing is renewed, with the comparator of the debt limit; none means that none matters.
    renew_debt: Option<i64> = "renew.debt_limit_cents", 1..=1_000_000, None, "cents", PATRON,
        "Practice: 20.00 in Kirkes, 15.00 in PIKI, 10.00 in Kainet";
    /// Times that a loan is renewed at most.
    renew_max: u8 = "renew.max", 0..=100, 5, "times", LOAN,
        "Practice: 5 in Kirkes, Helmet, PIKI and OUTI, 8 in Vanamo, never for quick loans";
    /// From when a renewed loan counts its days.
    renew_start: RenewalStart = "renew.start", (), RenewalStart::Today, "", LOAN,
        "Practice: the day of the renewal";

    // retention: when data goes.

    /// Years without any event of the card after which a patron is removed.
    inactive_years: u8 = "retention.inactive_years", 1..=20, 5, "years", CONSORTIUM,
        "A46; practice: 5 in Kirkes and Loppi, 6 in OUTI";
    /// Days for which the last borrower of an item is kept after its return.
    item_trace_days: u16 = "retention.item_trace_days", 0..=365, 60, "days", CONSORTIUM,
        "A77; practice: 60 in LASTU";

    // self_service: who lets themselves in while there is no staff.

    /// Who may let themselves in while there is no staff.
    grant_mode: GrantMode = "self_service.grant_mode", (), GrantMode::Registered, "", PATRON,
        "Practice: all three occur; registered, so that an undecided door stays closed";
    /// Age from which no guardian's consent is needed.
    self_service_min_age: u8 = "self_service.min_age", 0..=18, 15, "years", PLACE,
        "Practice: 15 in most places, none, 13, 16 or 18 elsewhere";
    /// Whether younger patrons may enter with a guardian's consent.
    guardian_consent: bool = "self_service.guardian_consent", (), true, "", PLACE,
        "A49; practice: nearly everywhere, since no age group may be shut out";
    /// Age under which nobody may enter alone, also with consent.
    lowest_age: u8 = "self_service.lowest_age", 0..=18, 0, "years", PLACE,
        "Non-discrimination Ombudsman 2019: no age group is shut out unless decided";
    /// Whether institutions and interlibrary-loan patrons may enter.
    institutions_admitted: bool = "self_service.institutions_admitted", (), false, "", PLACE,
        "A39, A40; practice: refused in OUTI";
    /// Whether a lending ban also closes the door.
    self_service_lending_ban: bool = "self_service.blocked_by_lending_ban", (), false, "", PLACE,
        "A74b; practice: true in Sotkamo and Reisjärvi";
    /// Whether debt at the limit also closes the door.
    self_service_debt: bool = "self_service.blocked_by_debt", (), false, "", PLACE,
        "A74b; practice: false in Nurmijärvi";
    /// Whether loans so long overdue that they block borrowing also close the door.
    self_service_overdue: bool = "self_service.blocked_by_overdue", (), false, "", PLACE,
        "A74b; practice: false in Nurmijärvi";
    /// What the door says where an age limit applies and the birth date is not known.
    self_service_unknown_age: UnknownBirthDate = "self_service.unknown_birth_date",
        (), UnknownBirthDate::Refuse, "", PLACE, "A16; practice: the door plugin of Koha-Suomi refuses";

    // staff: how staff work.

    /// Minutes without a call after which the session of a staff account ends.
    staff_idle_minutes: u16 = "staff.session_idle_minutes", 1..=480, 30, "minutes", CONSORTIUM,
        "A114; the number is the register's own";
}

fn parse<T: PolicyValue>(index: usize, row: &PolicyRow, bounds: &T::Bounds) -> Result<T, PolicyFault> {
    T::parse(&row.value, bounds).ok_or_else(|| PolicyFault {
        row: index,
        key: row.key.clone(),
        field: "value",
        rule: PolicyRule::ValueAllowed,
        right: T::allowed(bounds),
    })
}

fn check_reach(index: usize, row: &PolicyRow, reach: &Reach) -> Result<(), PolicyFault> {
    let named = [
        ("municipality", row.scope.municipality.is_some(), reach.place),
        ("branch", row.scope.branch.is_some(), reach.place),
        ("category", row.scope.category.is_some(), reach.category),
        ("material", row.scope.material.is_some(), reach.loan),
        ("collection", row.scope.collection.is_some(), reach.loan),
    ];
    match named.into_iter().find(|(_, is_named, known)| *is_named && !known) {
        None => Ok(()),
        Some((field, ..)) => Err(PolicyFault {
            row: index,
            key: row.key.clone(),
            field,
            rule: PolicyRule::ScopeOfKey,
            right: format!("no {field}: the key is decided by {}", reach.name),
        }),
    }
}

/// The fault of a key that is not in the table, with those of the same group as what would be right.
fn unknown_key(index: usize, row: PolicyRow, keys: &[&str]) -> PolicyFault {
    let group = row.key.split('.').next().unwrap_or_default();
    let of_group = |key: &&&str| key.split('.').next() == Some(group);
    let near: Vec<&str> = keys.iter().filter(of_group).copied().collect();
    let right = if near.is_empty() { keys.join(" | ") } else { near.join(" | ") };
    PolicyFault { row: index, key: row.key, field: "key", rule: PolicyRule::KnownKey, right }
}

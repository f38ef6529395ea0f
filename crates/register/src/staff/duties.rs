//! What each duty may do: the one table, default deny (A5, A115).
//!
//! An rpc that is not named here does not exist for anybody. A test walks every staff rpc of the contract x every
//! role x every purpose against it.

use kortisto_domain::{
    Purpose::{
        self, CardIssue, CustomerService, DebtCollection, EndOfBorrowing, FaultRepair, LendingControl,
        SubjectAccess, Supervision,
    },
    StaffRole::{self, Administrator, Billing, DataProtection, Desk, HomeService, Vendor},
};

/// What an rpc does to the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Shows something.
    Look,
    /// Changes something, under a request id.
    Change,
}

/// Everybody who is signed in.
const EVERYBODY: &[StaffRole] = &[Desk, HomeService, Billing, Administrator, DataProtection, Vendor];

/// Those who run places, policies, devices and accounts.
const ADMINISTRATOR: &[StaffRole] = &[Administrator];

/// Those who serve patrons.
const SERVING: &[StaffRole] = &[Desk, HomeService, Billing];

/// Those who register patrons and change what the register holds about them.
const REGISTERING: &[StaffRole] = &[Desk, HomeService];

/// Those who have to know the categories of patrons, and titles with their items.
const SERVING_AND_RUNNING: &[StaffRole] = &[Desk, HomeService, Billing, Administrator];

/// Those who meet patrons and see their proof of identity.
const MEETING: &[StaffRole] = &[Desk, HomeService];

/// What personal identity codes may be used for (Data Protection Board 56/29.11.1993).
const CODE_USES: &[Purpose] = &[CardIssue, EndOfBorrowing, DebtCollection];

/// Why somebody looks at the cards of a patron.
const CARD_LISTS: &[Purpose] = &[CustomerService, LendingControl, CardIssue, EndOfBorrowing, SubjectAccess];

/// Those who deal with debts and with what follows from them.
const AT_DESK_AND_BILLING: &[StaffRole] = &[Desk, Billing];

/// Those who see debts: also whoever may let somebody off.
const ON_DEBTS: &[StaffRole] = &[Desk, Billing, Administrator];

/// Those who let off and pay back, which the desk alone does not.
const LETTING_OFF: &[StaffRole] = &[Billing, Administrator];

/// Why debts and payments are looked at.
const ABOUT_DEBTS: &[Purpose] =
    &[CustomerService, LendingControl, EndOfBorrowing, DebtCollection, SubjectAccess];

/// Why those beside a patron are looked at: also for a card, and for a bill that goes to a guardian (A56).
const TO_KNOW_RELATIONS: &[Purpose] =
    &[CustomerService, LendingControl, SubjectAccess, CardIssue, DebtCollection];

/// Why the home library service looks at a patron.
const TO_DELIVER: &[Purpose] = &[Purpose::HomeService];

/// Why those who serve look at a patron.
const TO_SERVE: &[Purpose] = &[CustomerService, LendingControl, SubjectAccess];

/// Why it is looked at what a patron was told.
const ABOUT_NOTICES: &[Purpose] = &[CustomerService, LendingControl, DebtCollection, SubjectAccess];

/// Why a patron is looked up, and the whole record looked at.
const ABOUT_PATRONS: &[Purpose] = &[
    CustomerService,
    LendingControl,
    CardIssue,
    EndOfBorrowing,
    DebtCollection,
    Purpose::HomeService,
    SubjectAccess,
];

/// Those who may ask why something was decided. A vendor only for [`FaultRepair`], and nobody else for that (A119).
const EXPLAINING: &[StaffRole] = &[Desk, HomeService, Billing, Vendor];

/// Why a decision is taken apart; a vendor does so to mend a fault.
const TO_EXPLAIN: &[Purpose] = &[CustomerService, LendingControl, SubjectAccess, FaultRepair];

/// Those who run accounts.
const RUNNING: &[StaffRole] = &[Administrator];

/// Those who watch over the use of personal data.
const WATCHING: &[StaffRole] = &[DataProtection];

/// Why the audit trail is read.
const TO_WATCH: &[Purpose] = &[Supervision, SubjectAccess];

/// One rpc of the table.
struct Row {
    rpc: StaffRpc,
    name: &'static str,
    act: Act,
    roles: &'static [StaffRole],
    purposes: &'static [Purpose],
}

macro_rules! duties {
    ($($rpc:ident = $name:literal, $act:ident, $roles:expr, $purposes:expr;)+) => {
        /// The rpcs that staff may call, at a desk and signed in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum StaffRpc { $(#[doc = $name] $rpc,)+ }

        const TABLE: &[Row] = &[$(Row {
            rpc: StaffRpc::$rpc, name: $name, act: Act::$act, roles: $roles, purposes: $purposes,
        },)+];
    };
}

// The rpc: its name in the contract; what it does; which roles may call it; the purposes of which it has to name
// one, none where it shows no personal data.
duties! {
    // One's own account.
    GetSelf = "StaffSessionService.GetSelf", Look, EVERYBODY, &[];
    SignOut = "StaffSessionService.SignOut", Change, EVERYBODY, &[];
    GiveUndertaking = "StaffSessionService.GiveUndertaking", Change, EVERYBODY, &[];
    ChangePassword = "StaffSessionService.ChangePassword", Change, EVERYBODY, &[];

    // Accounts of others.
    CreateStaffAccount = "StaffAccountService.CreateStaffAccount", Change, RUNNING, &[];
    ListStaffAccounts = "StaffAccountService.ListStaffAccounts", Look, RUNNING, &[];
    DisableStaffAccount = "StaffAccountService.DisableStaffAccount", Change, RUNNING, &[];
    EnableStaffAccount = "StaffAccountService.EnableStaffAccount", Change, RUNNING, &[];
    ResetStaffPassword = "StaffAccountService.ResetStaffPassword", Change, RUNNING, &[];
    SetOpenIdSubject = "StaffAccountService.SetOpenIdSubject", Change, RUNNING, &[];
    GrantStaffRole = "StaffAccountService.GrantStaffRole", Change, RUNNING, &[];
    RevokeStaffRole = "StaffAccountService.RevokeStaffRole", Change, RUNNING, &[];

    // The audit trail.
    ListAuditEvents = "AuditService.ListAuditEvents", Look, WATCHING, TO_WATCH;

    // Places.
    PutController = "PlaceService.PutController", Change, ADMINISTRATOR, &[];
    ListControllers = "PlaceService.ListControllers", Look, EVERYBODY, &[];
    AddMembership = "PlaceService.AddMembership", Change, ADMINISTRATOR, &[];
    EndMembership = "PlaceService.EndMembership", Change, ADMINISTRATOR, &[];
    PutBranch = "PlaceService.PutBranch", Change, ADMINISTRATOR, &[];
    ListBranches = "PlaceService.ListBranches", Look, EVERYBODY, &[];
    PutStop = "PlaceService.PutStop", Change, ADMINISTRATOR, &[];
    ListStops = "PlaceService.ListStops", Look, EVERYBODY, &[];
    PutResource = "PlaceService.PutResource", Change, ADMINISTRATOR, &[];
    RemoveResource = "PlaceService.RemoveResource", Change, ADMINISTRATOR, &[];
    ListResources = "PlaceService.ListResources", Look, EVERYBODY, &[];
    SetOpeningWindows = "PlaceService.SetOpeningWindows", Change, ADMINISTRATOR, &[];
    AddOpeningException = "PlaceService.AddOpeningException", Change, ADMINISTRATOR, &[];
    RemoveOpeningException = "PlaceService.RemoveOpeningException", Change, ADMINISTRATOR, &[];
    ListOpening = "PlaceService.ListOpening", Look, EVERYBODY, &[];
    PutMunicipality = "PlaceService.PutMunicipality", Change, ADMINISTRATOR, &[];
    ListMunicipalities = "PlaceService.ListMunicipalities", Look, EVERYBODY, &[];

    // Policies. A trial names patrons and what they may do.
    ListPolicyKeys = "PolicyService.ListPolicyKeys", Look, EVERYBODY, &[];
    ListPolicies = "PolicyService.ListPolicies", Look, EVERYBODY, &[];
    ValidatePolicies = "PolicyService.ValidatePolicies", Look, ADMINISTRATOR, &[];
    ApplyPolicies = "PolicyService.ApplyPolicies", Change, ADMINISTRATOR, &[];
    DryRunPolicies = "PolicyService.DryRunPolicies", Look, ADMINISTRATOR, &[LendingControl];
    GetPolicyHistory = "PolicyService.GetPolicyHistory", Look, EVERYBODY, &[];

    // Patrons.
    GetPatron = "PatronService.GetPatron", Look, SERVING, ABOUT_PATRONS;
    SearchPatrons = "PatronService.SearchPatrons", Look, SERVING, ABOUT_PATRONS;
    CreatePatron = "PatronService.CreatePatron", Change, REGISTERING, &[];
    UpdatePatron = "PatronService.UpdatePatron", Change, REGISTERING, &[];
    SetAddress = "PatronService.SetAddress", Change, SERVING, &[];
    RemoveAddress = "PatronService.RemoveAddress", Change, SERVING, &[];
    SetPhone = "PatronService.SetPhone", Change, SERVING, &[];
    RemovePhone = "PatronService.RemovePhone", Change, SERVING, &[];
    SetEmail = "PatronService.SetEmail", Change, REGISTERING, &[];
    RemoveEmail = "PatronService.RemoveEmail", Change, REGISTERING, &[];
    SetNoticePreference = "PatronService.SetNoticePreference", Change, SERVING, &[];
    SetServiceInUse = "PatronService.SetServiceInUse", Change, REGISTERING, &[];
    SetStops = "PatronService.SetStops", Change, REGISTERING, &[];
    ListCategories = "PatronService.ListCategories", Look, SERVING_AND_RUNNING, &[];
    PutCategory = "PatronService.PutCategory", Change, &[Administrator], &[];

    // Messages and remarks about patrons.
    AddMessage = "MessageService.AddMessage", Change, SERVING, &[];
    ListMessages = "MessageService.ListMessages", Look, SERVING, TO_SERVE;
    RemoveMessage = "MessageService.RemoveMessage", Change, SERVING, &[];

    // Notices: their texts, and what became of each.
    ListTemplates = "NoticeService.ListTemplates", Look, SERVING_AND_RUNNING, &[];
    PutTemplate = "NoticeService.PutTemplate", Change, ADMINISTRATOR, &[];
    RemoveTemplate = "NoticeService.RemoveTemplate", Change, ADMINISTRATOR, &[];
    PreviewNotice = "NoticeService.PreviewNotice", Look, SERVING_AND_RUNNING, &[];
    ListNotices = "NoticeService.ListNotices", Look, SERVING, ABOUT_NOTICES;
    RetryNotice = "NoticeService.RetryNotice", Change, SERVING, &[];

    // Cards.
    IssueCard = "CardService.IssueCard", Change, MEETING, &[];
    ReplaceCard = "CardService.ReplaceCard", Change, MEETING, &[];
    ReportCardLost = "CardService.ReportCardLost", Change, SERVING, &[];
    BlockCard = "CardService.BlockCard", Change, SERVING, &[];
    UnblockCard = "CardService.UnblockCard", Change, SERVING, &[];
    ReturnCard = "CardService.ReturnCard", Change, SERVING, &[];
    ListCards = "CardService.ListCards", Look, SERVING, CARD_LISTS;
    PutCardPattern = "CardService.PutCardPattern", Change, &[Administrator], &[];
    RemoveCardPattern = "CardService.RemoveCardPattern", Change, &[Administrator], &[];
    ListCardPatterns = "CardService.ListCardPatterns", Look, &[Desk, HomeService, Billing, Administrator], &[];

    // Loans. What devices may ask, desks ask as devices.
    OpenPatronSession = "LoanService.OpenPatronSession", Change, SERVING, &[];
    ReportLoan = "LoanService.ReportLoan", Change, SERVING, &[];
    BillLoan = "LoanService.BillLoan", Change, AT_DESK_AND_BILLING, &[];
    ExplainLoan = "LoanService.ExplainLoan", Look, MEETING, TO_SERVE;
    ListPatronLoans = "LoanService.ListPatronLoans", Look, SERVING, TO_SERVE;

    // PINs.
    IssuePin = "PinService.IssuePin", Change, MEETING, &[];
    ResetPin = "PinService.ResetPin", Change, MEETING, &[];
    ReleasePin = "PinService.ReleasePin", Change, MEETING, &[];

    // Personal identity codes.
    RecordIdentityCode = "IdentityCodeService.RecordIdentityCode", Change, MEETING, &[];
    FindPatronByIdentityCode = "IdentityCodeService.FindPatronByIdentityCode", Look, &[Desk, Billing], CODE_USES;
    RevealIdentityCode = "IdentityCodeService.RevealIdentityCode", Look, &[Desk, Billing], CODE_USES;

    // Bans, and rights to use unstaffed libraries. The grounds of a ban are for few.
    PlaceBan = "BanService.PlaceBan", Change, AT_DESK_AND_BILLING, &[];
    PlaceBans = "BanService.PlaceBans", Change, AT_DESK_AND_BILLING, &[];
    LiftBan = "BanService.LiftBan", Change, AT_DESK_AND_BILLING, &[];
    ListBans = "BanService.ListBans", Look, SERVING, TO_SERVE;
    GetBan = "BanService.GetBan", Look, &[Desk, DataProtection], &[CustomerService, SubjectAccess, Supervision];
    GrantSelfServiceRight = "BanService.GrantSelfServiceRight", Change, &[Desk], &[];
    WithdrawSelfServiceRight = "BanService.WithdrawSelfServiceRight", Change, &[Desk], &[];
    ListSelfServiceRights = "BanService.ListSelfServiceRights", Look, SERVING, TO_SERVE;

    // Fees and payments.
    ListPatronFees = "FeeService.ListPatronFees", Look, ON_DEBTS, ABOUT_DEBTS;
    ChargeFee = "FeeService.ChargeFee", Change, AT_DESK_AND_BILLING, &[];
    WaiveFee = "FeeService.WaiveFee", Change, LETTING_OFF, &[];
    RecordDeskPayment = "FeeService.RecordDeskPayment", Change, AT_DESK_AND_BILLING, &[];
    RefundPayment = "FeeService.RefundPayment", Change, LETTING_OFF, &[];
    ListPayments = "FeeService.ListPayments", Look, ON_DEBTS, ABOUT_DEBTS;

    // Those beside a patron.
    AddRelation = "RelationService.AddRelation", Change, REGISTERING, &[];
    EndRelation = "RelationService.EndRelation", Change, REGISTERING, &[];
    ListRelations = "RelationService.ListRelations", Look, SERVING, TO_KNOW_RELATIONS;
    RecordConsent = "RelationService.RecordConsent", Change, REGISTERING, &[];
    WithdrawConsent = "RelationService.WithdrawConsent", Change, REGISTERING, &[];
    ListConsents = "RelationService.ListConsents", Look, SERVING, TO_SERVE;

    // The home library service: for its own staff alone (A81, A83).
    PutHomeService = "HomeServiceService.PutHomeService", Change, &[HomeService], &[];
    GetHomeService = "HomeServiceService.GetHomeService", Look, &[HomeService], TO_DELIVER;
    EndHomeService = "HomeServiceService.EndHomeService", Change, &[HomeService], &[];
    SetConsent = "HomeServiceService.SetConsent", Change, &[HomeService], &[];
    ListHomeServiceHistory = "HomeServiceService.ListHomeServiceHistory", Look, &[HomeService], TO_DELIVER;
    GetCarrierManifest = "HomeServiceService.GetCarrierManifest", Look, &[HomeService], TO_DELIVER;

    // Holds. Shelves show numbers and nobody's data.
    ListQueue = "HoldService.ListQueue", Look, MEETING, TO_SERVE;
    ListPatronHolds = "HoldService.ListPatronHolds", Look, SERVING, TO_SERVE;
    ListShelf = "HoldService.ListShelf", Look, MEETING, &[];
    ListPullItems = "HoldService.ListPullItems", Look, MEETING, &[];
    PlaceHoldForPatron = "HoldService.PlaceHoldForPatron", Change, MEETING, &[];
    ChangeHoldForPatron = "HoldService.ChangeHoldForPatron", Change, MEETING, &[];
    CancelHoldForPatron = "HoldService.CancelHoldForPatron", Change, MEETING, &[];
    ExplainHold = "HoldService.ExplainHold", Look, MEETING, TO_SERVE;

    // Items and titles. A title shows where its items are, and nobody who has one.
    GetItem = "ItemService.GetItem", Look, SERVING, TO_SERVE;
    PutItem = "ItemService.PutItem", Change, ADMINISTRATOR, &[];
    SetItemState = "ItemService.SetItemState", Change, MEETING, &[];
    GetTitle = "ItemService.GetTitle", Look, SERVING_AND_RUNNING, &[];
    PutTitle = "ItemService.PutTitle", Change, ADMINISTRATOR, &[];

    // Decisions.
    ExplainDecision = "ExplainService.ExplainDecision", Look, EXPLAINING, TO_EXPLAIN;
}

fn row(rpc: StaffRpc) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.rpc == rpc)
}

impl StaffRpc {
    /// Its name in the contract, for example `PatronService.GetPatron`.
    #[must_use]
    pub fn name(self) -> &'static str {
        row(self).map_or("", |row| row.name)
    }

    /// Its name in the audit trail: that of the method, for example `get_patron`.
    #[must_use]
    pub fn action(self) -> String {
        let method = self.name().split_once('.').map_or("", |(_, method)| method);
        let mut action = String::with_capacity(method.len() + 4);
        for letter in method.chars() {
            if letter.is_ascii_uppercase() && !action.is_empty() {
                action.push('_');
            }
            action.push(letter.to_ascii_lowercase());
        }
        action
    }

    /// What it does; `Change` for one that is not in the table.
    #[must_use]
    pub fn act(self) -> Act {
        row(self).map_or(Act::Change, |row| row.act)
    }
}

/// Whether somebody with these roles may call the rpc.
#[must_use]
pub fn may_call(roles: &[StaffRole], rpc: StaffRpc) -> bool {
    row(rpc).is_some_and(|row| row.roles.iter().any(|role| roles.contains(role)))
}

/// Whether the rpc may be called before the confidentiality undertaking has been given (A117).
#[must_use]
pub fn before_undertaking(rpc: StaffRpc) -> bool {
    matches!(
        rpc,
        StaffRpc::GetSelf | StaffRpc::SignOut | StaffRpc::GiveUndertaking | StaffRpc::ChangePassword
    )
}

/// Whether the rpc may be called before a password that somebody else gave has been changed.
#[must_use]
pub fn before_new_password(rpc: StaffRpc) -> bool {
    matches!(rpc, StaffRpc::GetSelf | StaffRpc::SignOut | StaffRpc::ChangePassword)
}

/// Whether somebody with these roles may call the rpc for this purpose. One that shows no personal data takes none.
/// A vendor mends faults and does nothing else; nobody else does that (A119).
#[must_use]
pub fn may_for(roles: &[StaffRole], purpose: Option<Purpose>, rpc: StaffRpc) -> bool {
    row(rpc).is_some_and(|row| match purpose {
        None => row.purposes.is_empty(),
        Some(purpose) => {
            row.purposes.contains(&purpose) && (purpose == FaultRepair) == roles.contains(&Vendor)
        }
    })
}

/// The purposes of which a call has to name one.
#[must_use]
pub fn purposes(rpc: StaffRpc) -> &'static [Purpose] {
    row(rpc).map_or(&[], |row| row.purposes)
}

/// Every rpc of the table.
pub fn rpcs() -> impl Iterator<Item = StaffRpc> {
    TABLE.iter().map(|row| row.rpc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rpc_stands_twice() {
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn a_vendor_looks_and_only_to_mend_a_fault() {
        for rpc in rpcs().filter(|rpc| may_call(&[Vendor], *rpc)) {
            let own = EVERYBODY == row(rpc).unwrap().roles;
            assert!(own || rpc.act() == Act::Look, "{rpc:?}");
            for purpose in Purpose::ALL {
                let fault = *purpose == FaultRepair && purposes(rpc).contains(&FaultRepair);
                assert_eq!(may_for(&[Vendor], Some(*purpose), rpc), fault, "{rpc:?} {purpose:?}");
                assert!(!(may_for(&[Desk], Some(*purpose), rpc) && *purpose == FaultRepair), "{rpc:?}");
            }
        }
    }

    #[test]
    fn what_is_not_named_is_refused() {
        for rpc in rpcs() {
            assert!(!may_call(&[], rpc), "{rpc:?}");
            assert_eq!(may_for(&[Desk], None, rpc), purposes(rpc).is_empty(), "{rpc:?}");
        }
    }
}

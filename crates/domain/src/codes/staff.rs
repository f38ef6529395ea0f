//! Staff accounts, their duties, and why personal data is looked at.

use super::UnknownCode;
use serde::{Deserialize, Serialize};

codes! {
    /// A duty. What each may do is one table in the register (A115).
    StaffRole {
        /// Serves patrons at a desk.
        Desk = 1 "desk",
        /// Runs the home library service: alone sees its histories and profiles (A81).
        HomeService = 2 "home-service",
        /// Bills and collects: may reveal identity codes for that (A102, A103).
        Billing = 3 "billing",
        /// Runs places, policies, devices and accounts; sees no patron.
        Administrator = 4 "administrator",
        /// Watches over the use of personal data: reads the audit trail.
        DataProtection = 5 "data-protection",
        /// A vendor who mends a fault: with a ticket, for a limited time (A119).
        Vendor = 6 "vendor",
    }
}

codes! {
    /// Whether a staff account may sign in.
    StaffAccountState {
        /// In force.
        Active = 1 "active",
        /// Shut.
        Disabled = 2 "disabled",
    }
}

codes! {
    /// Why personal data is looked at or changed (A5). A call that names none is refused.
    Purpose {
        /// To serve the patron.
        CustomerService = 1 "customer-service",
        /// To control lending.
        LendingControl = 2 "lending-control",
        /// To issue a card.
        CardIssue = 3 "card-issue",
        /// To end borrowing rights.
        EndOfBorrowing = 4 "end-of-borrowing",
        /// To bill or collect a debt.
        DebtCollection = 5 "debt-collection",
        /// To deliver at home.
        HomeService = 6 "home-service",
        /// To answer a patron who asks for their data.
        SubjectAccess = 7 "subject-access",
        /// To watch over the use of the register.
        Supervision = 8 "supervision",
        /// To mend a fault.
        FaultRepair = 9 "fault-repair",
    }
}

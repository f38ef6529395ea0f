//! What is recorded of persons.

use super::UnknownCode;
use serde::{Deserialize, Serialize};

codes! {
    /// Where a detail of a person comes from (A107 to A109).
    RecordSource {
        /// The patron.
        Patron = 1 "patron",
        /// A guardian.
        Guardian = 2 "guardian",
        /// Staff, from a document.
        Staff = 3 "staff",
        /// The population information system.
        PopulationRegister = 4 "population-register",
        /// A public directory.
        PublicDirectory = 5 "public-directory",
    }
}

codes! {
    /// What an address is (A21, A22). There are these three and no others.
    AddressKind {
        /// Where the patron lives.
        Home = 1 "home",
        /// Where post goes instead.
        Postal = 2 "postal",
        /// Where the patron stays for a time.
        Temporary = 3 "temporary",
    }
}

codes! {
    /// Gender, for statistics only (A18). Never taken from the identity code.
    Gender {
        /// Female.
        Female = 1 "female",
        /// Male.
        Male = 2 "male",
        /// Another one.
        Other = 3 "other",
    }
}

codes! {
    /// With what a person proved who they are (A110). No copy of it is kept.
    IdentityDocument {
        /// A passport.
        Passport = 1 "passport",
        /// An identity card.
        IdentityCard = 2 "identity-card",
        /// A driving licence.
        DrivingLicence = 3 "driving-licence",
        /// A card of the Social Insurance Institution with a photo.
        SocialInsuranceCard = 4 "social-insurance-card",
        /// A residence permit card.
        ResidencePermit = 5 "residence-permit",
        /// Strong electronic identification.
        StrongIdentification = 6 "strong-identification",
    }
}

codes! {
    /// Kinds of notices (A58 to A61).
    NoticeKind {
        /// Before the due date.
        DueReminder = 1 "due-reminder",
        /// After the due date.
        Overdue = 2 "overdue",
        /// A hold waits.
        Pickup = 3 "pickup",
        /// An invoice.
        Invoice = 4 "invoice",
    }
}

codes! {
    /// How a notice is delivered (A57).
    NoticeChannel {
        /// Not at all.
        None = 1 "none",
        /// By letter.
        Letter = 2 "letter",
        /// By e-mail.
        Email = 3 "email",
        /// By SMS.
        Sms = 4 "sms",
    }
}

codes! {
    /// Services that a patron uses or has switched off (A33).
    Service {
        /// The online library.
        OnlineLibrary = 1 "online-library",
        /// Lending kiosks.
        SelfCheckout = 2 "self-checkout",
        /// Doors of unstaffed libraries.
        Door = 3 "door",
        /// PCs.
        PcBooking = 4 "pc-booking",
        /// E-lending.
        ELending = 5 "e-lending",
        /// Lockers.
        Locker = 6 "locker",
    }
}

codes! {
    /// Who stands beside a patron (A37, A50, A54).
    RelationKind {
        /// A guardian of a child.
        Guardian = 1 "guardian",
        /// Somebody who answers for the patron's loans.
        Guarantor = 2 "guarantor",
        /// The person who answers for an institution.
        ResponsiblePerson = 3 "responsible-person",
    }
}

codes! {
    /// What a consent is about.
    ConsentPurpose {
        /// That a child gets a card (A49).
        Card = 1 "card",
        /// That a child lets itself into unstaffed libraries.
        SelfService = 2 "self-service",
        /// To be recorded as the responsible person (A55).
        ResponsiblePerson = 3 "responsible-person",
        /// That the home library service keeps a loan history (A80).
        HomeServiceHistory = 4 "home-service-history",
        /// That the home library service keeps a profile of preferences (A82).
        HomeServiceProfile = 5 "home-service-profile",
        /// That the online library keeps a loan history (A78).
        LoanHistory = 6 "loan-history",
    }
}

codes! {
    /// What was answered when consent was asked for. A refusal is kept too (A82).
    ConsentState {
        /// Not asked yet.
        NotAsked = 1 "not-asked",
        /// Given.
        Granted = 2 "granted",
        /// Refused.
        Refused = 3 "refused",
    }
}

codes! {
    /// How consent was given (A49).
    ConsentForm {
        /// On paper, signed.
        Paper = 1 "paper",
        /// On paper, scanned.
        Scanned = 2 "scanned",
        /// In person, with proof of identity.
        InPerson = 3 "in-person",
        /// Online, with strong identification.
        Online = 4 "online",
    }
}

codes! {
    /// Who reads a message (A62).
    MessageAudience {
        /// Staff only.
        Staff = 1 "staff",
        /// The patron too.
        Patron = 2 "patron",
    }
}

codes! {
    /// What a message is (A62, A63).
    MessageKind {
        /// A message.
        Message = 1 "message",
        /// A remark on the patron's record.
        Remark = 2 "remark",
        /// Contact details to be checked.
        CheckContact = 3 "check-contact",
        /// Something left behind waits at a desk.
        FoundProperty = 4 "found-property",
        /// The e-mail address was added, changed or removed: whoever did not ask for it is warned.
        EmailChanged = 5 "email-changed",
    }
}

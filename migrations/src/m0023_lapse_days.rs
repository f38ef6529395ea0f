//! A fee says on which day it lapses, so that whoever asks what is owed compares days and waits for no job. The day
//! follows from the time zone of the consortium, which is no part of a schema: fees from before get theirs from the job
//! that lets them lapse. Beside it an index for what is forgotten: what the trail says of loans that were undone.

crate::ddl::migration!(
    "m0023_lapse_days",
    "
alter table fees add column lapses_on {date};

create index audit_of_undone_loans on audit (id) where action = 'cancel_checkout' and loan_id is not null;
"
);

//! A fee says on which day it lapses, so that whoever asks what is owed compares days and waits for no job. The day
//! follows from the time zone of the consortium, which is no part of a schema: fees from before get theirs from the job
//! that lets them lapse. Beside it indexes of what is forgotten: what the trail says of loans that were undone, and items
//! for which a desk charged.

crate::ddl::migration!(
    "m0023_lapse_days",
    "
alter table fees add column lapses_on {date};

create index audit_of_undone_loans on audit (id) where action = 'cancel_checkout' and loan_id is not null;
create index fees_for_items_alone on fees (id) where item_id is not null and loan_id is null and hold_id is null;
"
);

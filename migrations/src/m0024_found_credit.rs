//! What a policy about items that turn up again may say. `all` is no value of `fee.found_credit` any more, and a value
//! that a version does not know keeps it from loading its policies: it becomes what comes closest, and what has been
//! paid is a desk's to pay back.

crate::ddl::migration!(
    "m0024_found_credit",
    "
update policies set value = 'unpaid' where key = 'fee.found_credit' and value = 'all';

update rulebook_version set version = version + 1
"
);

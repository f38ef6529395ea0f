//! Policies by the collection of what is borrowed.

crate::ddl::migration!(
    "m0011_collections",
    "
alter table policies add column collection text;
alter table policy_changes add column collection text;
"
);

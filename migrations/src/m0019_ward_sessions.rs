//! A session that a guardian has opened for a ward names the guardian, with whose session it ends (A53).

crate::ddl::migration!(
    "m0019_ward_sessions",
    "
alter table patron_sessions add column guardian_id {ref};

create index patron_sessions_by_guardian on patron_sessions (guardian_id) where guardian_id is not null;
"
);

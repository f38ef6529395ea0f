//! In a compartment lies the item of one hold.

crate::ddl::migration!(
    "m0022_one_hold_a_compartment",
    "
update holds set compartment = null, compartment_device_id = null
    where compartment_device_id is not null and exists (
        select 1 from holds o where o.compartment_device_id = holds.compartment_device_id
            and o.compartment = holds.compartment and o.id <> holds.id
    );

create unique index holds_by_compartment on holds (compartment_device_id, compartment)
    where compartment_device_id is not null;
"
);

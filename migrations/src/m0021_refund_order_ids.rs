//! A refund that its operator knows by an order id is recorded once: the first entry of the refund carries it.

crate::ddl::migration!(
    "m0021_refund_order_ids",
    "
alter table fee_entries add column refund_order_id text;

create unique index fee_entries_by_refund_order on fee_entries (payment_id, refund_order_id)
    where refund_order_id is not null;
"
);

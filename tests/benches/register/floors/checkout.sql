-- A check-out as one function: the facts that the register reads, the shortest form of its rules, and the
-- rows that it writes. Under READ COMMITTED each statement has a snapshot of its own, so what is counted
-- after the patron's row is locked is what stands.
create or replace function bench_checkout(p_device bigint, p_token bytea, p_barcode text, p_request uuid, p_answer text)
returns uuid language plpgsql as $$
declare
    v_who record;
    v_what record;
    v_loan uuid;
begin
    select s.device_id, s.expires_at, s.ended_at, c.id as card_id, c.state as card_state, p.id as patron_id,
           p.state as patron_state, p.valid_until, p.pseudonym
      into v_who
      from patron_sessions s join cards c on c.id = s.card_id join patrons p on p.id = c.patron_id
     where s.token_hash = p_token
       for no key update of p;
    if not found or v_who.device_id <> p_device or v_who.ended_at is not null or v_who.expires_at <= now()
       or v_who.card_state <> 1 or v_who.patron_state <> 1 or v_who.valid_until < current_date then
        return null;
    end if;
    perform 1 from remembered_answers r where r.device_id = p_device and r.request_id = p_request;
    if found then
        return null;
    end if;
    select i.id, i.state, i.kept_for_hold_id, t.material,
           (select d.branch_id from devices d where d.id = p_device and d.state = 2) as branch_id,
           exists (select 1 from bans b where b.patron_id = v_who.patron_id and b.lifted_at is null
                   and b.starts_at <= now() and (b.ends_at is null or b.ends_at > now())) as banned,
           (select count(*) from open_loans l where l.patron_id = v_who.patron_id) as loans,
           (select coalesce(sum(f.open_cents), 0) from fees f
             where f.patron_id = v_who.patron_id and f.open_cents > 0) as debt_cents
      into v_what
      from items i join titles t on t.id = i.title_id
     where i.barcode = p_barcode;
    if not found or v_what.state <> 1 or v_what.kept_for_hold_id is not null or v_what.branch_id is null
       or v_what.banned or v_what.loans >= 10000 or v_what.debt_cents >= 1000 then
        return null;
    end if;
    with l as (
        insert into open_loans (item_id, id, patron_id, card_id, branch_id, device_id, material, lent_at, due_on)
        values (v_what.id, gen_random_uuid(), v_who.patron_id, v_who.card_id, v_what.branch_id, p_device,
                v_what.material, now(), current_date + 28)
        on conflict (item_id) do nothing
        returning id
    ), a as (
        insert into audit (id, at, action, granted, reasons, actor, device_id, branch_id, subject, item_id,
                           loan_id, request_id, named_salt)
        select gen_random_uuid(), now(), 'checkout', true, '[]', 'device', p_device, v_what.branch_id,
               v_who.pseudonym, v_what.id, l.id, p_request, uuid_send(gen_random_uuid())
          from l
    ), y as (
        insert into year_counters (patron_id, year, loans, holds, uncollected_holds)
        select v_who.patron_id, extract(year from current_date), 1, 0, 0 from l
        on conflict (patron_id, year) do update set loans = year_counters.loans + excluded.loans
    ), r as (
        insert into remembered_answers (device_id, request_id, request_hash, answer, at)
        select p_device, p_request, sha256(p_barcode::bytea), p_answer, now() from l
    )
    select l.id into v_loan from l;
    return v_loan;
end $$;

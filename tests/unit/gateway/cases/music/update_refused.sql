-- missing: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- answers, 4 values
with written as (update "app"."t1" "t" set "c7" = $1::text, "updated_at" = case
  when "t"."c7" is distinct from $1::text then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $3::text
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- missingEdge: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Manager' to connect does not exist: {node}
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "r21" = $1::text and "id" <> $2::text) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $2::text) then '0'
  when not exists (select from "app"."t3"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 3 values
with written as (update "app"."t1" "t" set "r21" = $1::text
  where "t"."id" = $2::text
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $3::text) then 'moved' end), (select answer
  from written));

-- null: constant
-- 3020: The field 'name' on type 'Band' cannot be null.

-- orphans: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Album' to connect does not exist: {node}
-- refusal 2: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- 2 values
with "w1" as (update "app"."t2" set "r20" = $1::text
  where "id" = any($2::text[])) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0'
  when exists (select from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)
  order by w.n limit 1)
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> all($2::text[])) then '2' end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text));

-- required: constant
-- 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint

-- unique: write
-- refusal 0: 3002: 'Fan' has no item with id '{node}'
-- answers, 4 values
with written as (update "app"."t4" "t" set "c19" = $1::text, "updated_at" = case
  when "t"."c19" is distinct from $1::text then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $3::text
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- unknown: write
-- refusal 0: 3002: 'Manager' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Band' to connect does not exist: {node}
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "r21" = $1::text and "id" <> $2::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $1::text) then '0'
  when not exists (select from "app"."t1"
  where "id" = $2::text) then '1:' || $2::text end);
-- 2 values
update "app"."t1" set "r21" = $1::text
  where "id" = $2::text;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t3" "t1"
  where "t1"."id" = $2::text));


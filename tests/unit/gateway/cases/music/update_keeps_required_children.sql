-- more: write
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
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q3"."c16")::text || '}', ',') || ']', '[]')
  from (select "t2"."c16"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- fewer: write
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


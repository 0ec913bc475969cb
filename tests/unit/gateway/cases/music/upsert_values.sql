-- update: write
-- refusal 0: by the variables
-- refusal 1: 3011: The node of type 'Album' to connect does not exist: {node}
-- refusal 2: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 3 values
with "w1" as (update "app"."t2" set "r20" = $1::text
  where "id" = any($2::text[]) and current_setting('mortise.found') = 'true') select app.refuse(case
  when current_setting('mortise.found') = 'true' then case
  when $3::bool then '0'
  when exists (select from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)
  order by w.n limit 1)
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> all($2::text[])) then '2' end end);
-- 5 values
insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $3::text, $4::text, $5::bool
  where current_setting('mortise.found') = 'false';
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end));

-- updateOnly: write
-- refusal 0: by the variables
-- refusal 1: 3011: The node of type 'Album' to connect does not exist: {node}
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 7 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $3::text, $4::text, $5::bool
  where current_setting('mortise.found') = 'false'), "w2" as (update "app"."t2" set "r20" = $1::text
  where "id" = any($6::text[]) and current_setting('mortise.found') = 'false') select app.refuse(case
  when current_setting('mortise.found') = 'false' then case
  when $7::bool then '0'
  when exists (select from unnest($6::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($6::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end));

-- create: write
-- refusal 0: by the variables
-- refusal 1: 3011: The node of type 'Album' to connect does not exist: {node}
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 7 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $3::text, $4::text, $5::bool
  where current_setting('mortise.found') = 'false'), "w2" as (update "app"."t2" set "r20" = $1::text
  where "id" = any($6::text[]) and current_setting('mortise.found') = 'false') select app.refuse(case
  when current_setting('mortise.found') = 'false' then case
  when $7::bool then '0'
  when exists (select from unnest($6::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($6::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end));

-- createOnly: write
-- refusal 0: by the variables
-- refusal 1: 3011: The node of type 'Album' to connect does not exist: {node}
-- refusal 2: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 3 values
with "w1" as (update "app"."t2" set "r20" = $1::text
  where "id" = any($2::text[]) and current_setting('mortise.found') = 'true') select app.refuse(case
  when current_setting('mortise.found') = 'true' then case
  when $3::bool then '0'
  when exists (select from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)
  order by w.n limit 1)
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> all($2::text[])) then '2' end end);
-- 5 values
insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $3::text, $4::text, $5::bool
  where current_setting('mortise.found') = 'false';
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"slug":' || to_json("t1"."c6")::text || '}'
  from "app"."t1" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end));


-- known: write
-- refusal 0: 3036: The input value null was not valid for field active of type Band.
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 1 values
delete from "app"."r22"
  where "a" = $1::text and current_setting('mortise.found') = 'true';
-- 7 values
with "w1" as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") select $1::text, $2::timestamptz, $2::timestamptz, $3::text
  where current_setting('mortise.found') = 'true'), "w2" as (update "app"."t1" "t" set "c7" = $4::text, "updated_at" = case
  when "t"."c7" is distinct from $4::text then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $5::text and current_setting('mortise.found') = 'true') insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($6::text[], $7::text[]) w(a, b)
  where current_setting('mortise.found') = 'true'
  on conflict ("a", "b") do nothing;
-- 0 values
select app.refuse(case
  when current_setting('mortise.found') = 'false' then case
  when true then '0' end end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"id":"' || "t1"."id" || '","name":' || to_json("t1"."c7")::text || ',"createdAt":"' || to_char("t1"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","updatedAt":"' || to_char("t1"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q3"."c19")::text || '}', ',') || ']', '[]')
  from (select "t2"."c19"
  from "app"."r22" "e4" join "app"."t4" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end) as x (made)));

-- unknown: write
-- refusal 0: 3020: The field 'name' on type 'Band' cannot be null.
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 0 values
select app.refuse(case
  when current_setting('mortise.found') = 'true' then case
  when true then '0' end end);
-- 8 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool
  where current_setting('mortise.found') = 'false') insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") select $7::text, $2::timestamptz, $2::timestamptz, $8::text, $1::text
  where current_setting('mortise.found') = 'false';
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"id":"' || "t1"."id" || '","slug":' || to_json("t1"."c6")::text || ',"createdAt":"' || to_char("t1"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","updatedAt":"' || to_char("t1"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","albums":' || (select coalesce('[' || string_agg('{"id":"' || "q3"."id" || '","title":' || to_json("q3"."c16")::text || '}', ',') || ']', '[]')
  from (select "t2"."id", "t2"."c16"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end) as x (made)));

-- wrongUpdate: write
-- refusal 0: 3020: The field 'name' on type 'Band' cannot be null.
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 0 values
select app.refuse(case
  when current_setting('mortise.found') = 'true' then case
  when true then '0' end end);
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

-- wrongCreate: write
-- refusal 0: 3036: The input value null was not valid for field active of type Band.
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 0 values
select app.refuse(case
  when current_setting('mortise.found') = 'false' then case
  when true then '0' end end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end));

-- unconnected: write
-- refusal 0: 3011: The node of type 'Album' to connect does not exist: {node}
-- 1 values
with found as (select from "app"."t1"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 6 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $3::text, $4::text, $5::bool
  where current_setting('mortise.found') = 'false'), "w2" as (update "app"."t2" set "r20" = $1::text
  where "id" = any($6::text[]) and current_setting('mortise.found') = 'false') select app.refuse(case
  when current_setting('mortise.found') = 'false' then case
  when exists (select from unnest($6::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
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

-- nothing: write
-- 1 values
with found as (select from "app"."t4"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 3 values
insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") select $1::text, $2::timestamptz, $2::timestamptz, $3::text
  where current_setting('mortise.found') = 'false';
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"email":' || to_json("t1"."c19")::text || '}'
  from "app"."t4" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end));

-- malformed: constant
-- 3001: The given id 'a b' is invalid.

-- allBands: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."c7"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);


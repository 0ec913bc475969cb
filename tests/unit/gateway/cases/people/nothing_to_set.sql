-- createSeat: write
-- 4 values
with "w1" as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at") values ($1::text, $2::timestamptz, $2::timestamptz)) insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c3", "r9") values ($3::text, $2::timestamptz, $2::timestamptz, $4::text, $1::text);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '","person":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || ',"seat":' || coalesce((select '{"id":"' || "t3"."id" || '"}'
  from "app"."t2" "t3"
  where "t3"."id" = "t2"."r9"), 'null') || '}'
  from "app"."t1" "t2"
  where "t2"."r9" = "t1"."id"), 'null') || '}'
  from "app"."t2" "t1"
  where "t1"."id" = $2::text));

-- updateOrCreateSeat: write
-- 1 values
with found as (select from "app"."t2"
  where "id" = $1::text for no key update) select set_config('mortise.found', (exists (select from found))::text, true);
-- 2 values
insert into "app"."t2" as "t" ("id", "created_at", "updated_at") select $1::text, $2::timestamptz, $2::timestamptz
  where current_setting('mortise.found') = 'false';
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '","person":' || coalesce((select '{"id":"' || "t2"."id" || '"}'
  from "app"."t1" "t2"
  where "t2"."r9" = "t1"."id"), 'null') || '}'
  from "app"."t2" "t1"
  where "t1"."id" = case
  when current_setting('mortise.found') = 'true' then $2::text else $3::text end));

-- createPerson: write
-- refusal 0: 3011: The node of type 'Seat' to connect does not exist: {node}
-- 1 values
with "w1" as (update "app"."t1" set "r9" = null
  where "r9" = $1::text) select app.refuse(case
  when not exists (select from "app"."t2"
  where "id" = $1::text) then '0:' || $1::text end);
-- answers, 5 values
with written as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c3", "r9") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $5::text) then 'moved' end), (select answer
  from written));


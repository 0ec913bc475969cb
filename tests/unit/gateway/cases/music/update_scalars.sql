-- changed: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- answers, 5 values
with written as (update "app"."t1" "t" set "c9" = $1::float8, "c12" = $2::text[], "updated_at" = case
  when "t"."c9" is distinct from $1::float8 or "t"."c12" is distinct from $2::text[] then $3::timestamptz else "t"."updated_at" end
  where "t"."id" = $4::text
  returning '{"rating":' || coalesce("t"."c9"::text, 'null') || ',"tags":' || coalesce(array_to_json("t"."c12")::text, 'null') || ',"createdAt":"' || to_char("t"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","updatedAt":"' || to_char("t"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $5::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- same: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- answers, 5 values
with written as (update "app"."t1" "t" set "c7" = $1::text, "c9" = $2::float8, "updated_at" = case
  when "t"."c7" is distinct from $1::text or "t"."c9" is distinct from $2::float8 then $3::timestamptz else "t"."updated_at" end
  where "t"."id" = $4::text
  returning '{"updatedAt":"' || to_char("t"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $5::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- case: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- answers, 4 values
with written as (update "app"."t1" "t" set "c7" = $1::text, "updated_at" = case
  when "t"."c7" is distinct from $1::text then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $3::text
  returning '{"name":' || to_json("t"."c7")::text || ',"updatedAt":"' || to_char("t"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- list: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- answers, 4 values
with written as (update "app"."t1" "t" set "c12" = $1::text[], "updated_at" = case
  when "t"."c12" is distinct from $1::text[] then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $3::text
  returning '{"tags":' || coalesce(array_to_json("t"."c12")::text, 'null') || ',"updatedAt":"' || to_char("t"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- json: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- answers, 4 values
with written as (update "app"."t1" "t" set "c14" = $1::json, "updated_at" = case
  when app.other_json("t"."c14"::text, $1::json::text) then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $3::text
  returning '{"meta":' || coalesce("t"."c14"::text, 'null') || ',"updatedAt":"' || to_char("t"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- nothing: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved'
  when not exists (select from "app"."t1"
  where "id" = $2::text) then '0' end), (select '{"slug":' || to_json("t1"."c6")::text || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text));


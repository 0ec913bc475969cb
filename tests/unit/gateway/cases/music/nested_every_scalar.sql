-- createFan: write
-- 16 values
with "w1" as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)), "w2" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14", "c15") select "w"."id", $2::timestamptz, $2::timestamptz, "w"."c6", "w"."c7", "w"."c8", "w"."c9", "w"."c10", "w"."c11", "w"."c12"::text[], "w"."c13"::timestamptz[], "w"."c14", "w"."c15"::json[]
  from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::timestamptz[], $10::bool[], $11::text[], $12::text[], $13::json[], $14::text[]) "w"("id", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14", "c15")) insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($15::text[], $16::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"bands":' || (select coalesce('[' || string_agg('{"slug":' || to_json("q3"."c6")::text || ',"name":' || to_json("q3"."c7")::text || ',"genre":' || coalesce('"' || "q3"."c8" || '"', 'null') || ',"rating":' || coalesce("q3"."c9"::text, 'null') || ',"founded":' || coalesce('"' || to_char("q3"."c10" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"', 'null') || ',"active":' || "q3"."c11"::text || ',"tags":' || coalesce(array_to_json("q3"."c12")::text, 'null') || ',"tours":' || coalesce(array_to_json(app.instants("q3"."c13"))::text, 'null') || ',"meta":' || coalesce("q3"."c14"::text, 'null') || ',"notes":' || coalesce(array_to_json("q3"."c15")::text, 'null') || ',"createdAt":"' || to_char("q3"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}', ',') || ']', '[]')
  from (select "t2"."c6", "t2"."c7", "t2"."c8", "t2"."c9", "t2"."c10", "t2"."c11", "t2"."c12", "t2"."c13", "t2"."c14", "t2"."c15", "t2"."created_at"
  from "app"."r22" "e4" join "app"."t1" "t2" on "t2"."id" = "e4"."a"
  where "e4"."b" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t4" "t1"
  where "t1"."id" = $2::text) as x (made)));


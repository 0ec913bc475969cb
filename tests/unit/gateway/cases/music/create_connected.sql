-- createBand: write
-- verdict, 3 values
select case
  when exists (select from unnest($1::text[]) w(id)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($1::text[]) w(id)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id) limit 1)
  when exists (select from (values ($2::text)) w(id)
  where not exists (select from "app"."t3" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from (values ($2::text)) w(id)
  where not exists (select from "app"."t3" "f"
  where "f"."id" = w.id) limit 1)
  when exists (select from unnest($3::text[]) w(id)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)) then '2:' || (select w.id
  from unnest($3::text[]) w(id)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id) limit 1) end;
-- nothing, 2 values
update "app"."t1" set "r21" = null
  where "r21" = $1::text and "id" <> $2::text;
-- nothing, 7 values
insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11", "r21") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool, $7::text;
-- nothing, 2 values
update "app"."t2" set "r20" = $1::text
  where "id" = any($2::text[]);
-- nothing, 2 values
insert into "app"."r22" ("a", "b") select $1::text, w.id
  from unnest($2::text[]) w(id)
  on conflict do nothing;
-- verdict, answer, 2 values
select case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end, (select '{"id":"' || "t1"."id" || '","manager":' || coalesce((select '{"name":' || to_json("t2"."c18")::text || '}'
  from "app"."t3" "t2"
  where "t2"."id" = "t1"."r21"), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q4"."c16")::text || '}', ',') || ']', '[]')
  from (select "t3"."c16"
  from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id"
  order by "t3"."id" limit 1000) "q4") || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q6"."c19")::text || '}', ',') || ']', '[]')
  from (select "t5"."c19"
  from "app"."r22" "e7" join "app"."t4" "t5" on "t5"."id" = "e7"."b"
  where "e7"."a" = "t1"."id"
  order by "t5"."id" limit 1000) "q6") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text);

-- allBands: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"manager":' || coalesce((select '{"name":' || to_json("t3"."c18")::text || '}'
  from "app"."t3" "t3"
  where "t3"."id" = "q2"."r21"), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q5"."c16")::text || '}', ',') || ']', '[]')
  from (select "t4"."c16"
  from "app"."t2" "t4"
  where "t4"."r20" = "q2"."id"
  order by "t4"."id" limit 1000) "q5") || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."r21", "t1"."id"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2";


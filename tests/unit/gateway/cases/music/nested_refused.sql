-- taken: write
-- answers, 11 values
with written as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool)
  returning '{"id":"' || "t"."id" || '"}' as answer), "w1" as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") select "w"."id", $2::timestamptz, $2::timestamptz, "w"."c19"
  from unnest($7::text[], $8::text[]) "w"("id", "c19")), "w2" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($9::text[], $10::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $11::text) then 'moved' end), (select answer
  from written));

-- unknown: write
-- refusal 0: 3011: The node of type 'Album' to connect does not exist: {node}
-- answers, 12 values
with written as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)
  returning '{"id":"' || "t"."id" || '"}' as answer), "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") values ($4::text, $2::timestamptz, $2::timestamptz, $5::text, $6::text, $7::text, $8::bool)), "w2" as (update "app"."t2" set "r20" = $4::text
  where "id" = any($9::text[])), "w3" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($10::text[], $11::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $12::text) then 'moved'
  when exists (select from unnest($9::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($9::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end), (select answer
  from written));

-- other: write
-- refusal 0: 3011: The node of type 'Manager' to connect does not exist: {node}
-- 1 values
with "w1" as (update "app"."t1" set "r21" = null
  where "r21" = $1::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $1::text) then '0:' || $1::text end);
-- answers, 12 values
with written as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)
  returning '{"id":"' || "t"."id" || '"}' as answer), "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11", "r21") values ($4::text, $2::timestamptz, $2::timestamptz, $5::text, $6::text, $7::text, $8::bool, $9::text)), "w2" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($10::text[], $11::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $12::text) then 'moved' end), (select answer
  from written));

-- malformed: constant
-- 3011: The node of type 'Album' to connect does not exist: a b

-- null: constant
-- 3036: The input value null was not valid for field active of type Band.

-- allFans: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '"}', ',') || ']', '[]')
  from (select "t1"."id"
  from "app"."t4" "t1"
  where (left(app.fold("t1"."c19"), 191) >= left(app.fold($1::text), 191) and left(app.fold("t1"."c19"), 191) <= left(app.fold($1::text), 191) || repeat(U&'\+10FFFF', 191) and app.fold("t1"."c19") like (replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%'))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- allBands: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '"}', ',') || ']', '[]')
  from (select "t1"."id"
  from "app"."t1" "t1"
  where (left(app.fold("t1"."c6"), 191) >= left(app.fold($1::text), 191) and left(app.fold("t1"."c6"), 191) <= left(app.fold($1::text), 191) || repeat(U&'\+10FFFF', 191) and app.fold("t1"."c6") like (replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%'))
  order by "t1"."id" limit 1000) "q2") as x (made);


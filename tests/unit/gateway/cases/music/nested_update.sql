-- manager: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- 4 values
with "w1" as (insert into "app"."t3" as "t" ("id", "created_at", "updated_at", "c18") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)), "w2" as (update "app"."t1" "t" set "r21" = $1::text
  where "t"."id" = $4::text) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $4::text) then '0' end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"updatedAt":"' || to_char("t1"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","manager":' || coalesce((select '{"name":' || to_json("t2"."c18")::text || '}'
  from "app"."t3" "t2"
  where "t2"."id" = "t1"."r21"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text));

-- fans: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- 1 values
with "w1" as (delete from "app"."r22"
  where "a" = $1::text) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0' end);
-- 5 values
with "w1" as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") select "w"."id", $1::timestamptz, $1::timestamptz, "w"."c19"
  from unnest($2::text[], $3::text[]) "w"("id", "c19")) insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($4::text[], $5::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q3"."c19")::text || '}', ',') || ']', '[]')
  from (select "t2"."c19"
  from "app"."r22" "e4" join "app"."t4" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- both: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Fan' to connect does not exist: {node}
-- 2 values
with "w1" as (delete from "app"."r22"
  where "a" = $1::text and "b" <> all($2::text[])) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0'
  when exists (select from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 5 values
with "w1" as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)) insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($4::text[], $5::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q3"."c19")::text || '}', ',') || ']', '[]')
  from (select "t2"."c19"
  from "app"."r22" "e4" join "app"."t4" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- albums: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- 4 values
with "w1" as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text)) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $4::text) then '0'
  when exists (select from "app"."t2"
  where "r20" = $4::text) then '1' end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text));

-- first: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- 4 values
with "w1" as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text)) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $4::text) then '0'
  when exists (select from "app"."t2"
  where "r20" = $4::text) then '1' end);
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

-- none: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- 1 values
with "w1" as (delete from "app"."r22"
  where "a" = $1::text) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0' end);
-- 2 values
update "app"."t1" "t" set "r21" = $1::text
  where "t"."id" = $2::text;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"manager":' || coalesce((select '{"name":' || to_json("t2"."c18")::text || '}'
  from "app"."t3" "t2"
  where "t2"."id" = "t1"."r21"), 'null') || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q4"."c19")::text || '}', ',') || ']', '[]')
  from (select "t3"."c19"
  from "app"."r22" "e5" join "app"."t4" "t3" on "t3"."id" = "e5"."b"
  where "e5"."a" = "t1"."id"
  order by "t3"."id" limit 1000) "q4") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- moved: write
-- refusal 0: 3002: 'Album' has no item with id '{node}'
-- 7 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool)), "w2" as (update "app"."t2" "t" set "r20" = $1::text
  where "t"."id" = $7::text) select app.refuse(case
  when not exists (select from "app"."t2"
  where "id" = $7::text) then '0' end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"band":' || coalesce((select '{"slug":' || to_json("t2"."c6")::text || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q4"."c16")::text || '}', ',') || ']', '[]')
  from (select "t3"."c16"
  from "app"."t2" "t3"
  where "t3"."r20" = "t2"."id"
  order by "t3"."id" limit 1000) "q4") || '}'
  from "app"."t1" "t2"
  where "t2"."id" = "t1"."r20"), 'null') || '}'
  from "app"."t2" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- allBands: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"updatedAt":"' || to_char("q2"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","manager":' || coalesce((select '{"name":' || to_json("t3"."c18")::text || '}'
  from "app"."t3" "t3"
  where "t3"."id" = "q2"."r21"), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q5"."c16")::text || '}', ',') || ']', '[]')
  from (select "t4"."c16"
  from "app"."t2" "t4"
  where "t4"."r20" = "q2"."id"
  order by "t4"."id" limit 1000) "q5") || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q7"."c19")::text || '}', ',') || ']', '[]')
  from (select "t6"."c19"
  from "app"."r22" "e8" join "app"."t4" "t6" on "t6"."id" = "e8"."b"
  where "e8"."a" = "q2"."id"
  order by "t6"."id" limit 1000) "q7") || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."updated_at", "t1"."r21", "t1"."id"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);

-- allManagers: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c18")::text || ',"band":' || coalesce((select '{"slug":' || to_json("t3"."c6")::text || '}'
  from "app"."t1" "t3"
  where "t3"."r21" = "q2"."id"), 'null') || '}', ',') || ']', '[]')
  from (select "t1"."c18", "t1"."id"
  from "app"."t3" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);


-- lessons: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 1 values
with "w1" as (update "app"."t1" set "r7" = null
  where "r7" = any($1::text[])) select app.refuse(case
  when exists (select from unnest($1::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($1::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 5 values
insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c3", "r7", "r4") select "w"."id", $1::timestamptz, $1::timestamptz, "w"."c3", $2::text, "w"."r4"
  from unnest($3::text[], $4::text[], $5::text[]) "w"("id", "c3", "r4");
-- 2 values
update "app"."t1" t set "r7" = w.target
  from unnest($1::text[], $2::text[]) w(holder, target)
  where t."id" = w.holder;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"mentor":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."t1" "t2"
  where "t2"."id" = "t1"."r7"), 'null') || ',"children":' || (select coalesce('[' || string_agg('{"name":' || to_json("q4"."c3")::text || ',"mentor":' || coalesce((select '{"name":' || to_json("t5"."c3")::text || '}'
  from "app"."t1" "t5"
  where "t5"."id" = "q4"."r7"), 'null') || '}', ',') || ']', '[]')
  from (select "t3"."c3", "t3"."r7"
  from "app"."t1" "t3"
  where "t3"."r4" = "t1"."id"
  order by "t3"."id" limit 1000) "q4") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- marriage: write
-- refusal 0: 3002: 'Person' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Person' to connect does not exist: {node}
-- 3 values
with "w1" as (delete from "app"."r6"
  where ("a" = $1::text or "b" = $1::text)) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $2::text) then '0'
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 2 values
with "w1" as (delete from "app"."r6"
  where ("a" = $1::text and "b" <> $2::text or "b" = $1::text and "a" <> $2::text)) delete from "app"."r5"
  where ("a" = $1::text or "b" = $1::text);
-- 1 values
delete from "app"."r6"
  where ("a" = $1::text or "b" = $1::text);
-- 3 values
insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c3") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text);
-- 4 values
with "w1" as (insert into "app"."r6" ("a", "b") select w.a, w.b
  from unnest($1::text[], $2::text[]) w(a, b)
  on conflict ("a", "b") do nothing) insert into "app"."r5" ("a", "b") select w.a, w.b
  from unnest($3::text[], $4::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"spouse":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || ',"spouse":' || coalesce((select '{"name":' || to_json("t4"."c3")::text || '}'
  from "app"."r6" "e5" join "app"."t1" "t4" on "t4"."id" = "e5"."b"
  where "e5"."a" = "t2"."id"), 'null') || '}'
  from "app"."r6" "e3" join "app"."t1" "t2" on "t2"."id" = "e3"."b"
  where "e3"."a" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text));

-- family: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 4 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c3") select "w"."id", $1::timestamptz, $1::timestamptz, "w"."c3"
  from unnest($2::text[], $3::text[]) "w"("id", "c3")) select app.refuse(case
  when exists (select from unnest($4::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($4::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 4 values
with "w1" as (update "app"."t1" t set "r4" = w.target
  from unnest($1::text[], $2::text[]) w(holder, target)
  where t."id" = w.holder) insert into "app"."r5" ("a", "b") select w.a, w.b
  from unnest($3::text[], $4::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"children":' || (select coalesce('[' || string_agg('{"name":' || to_json("q3"."c3")::text || '}', ',') || ']', '[]')
  from (select "t2"."c3"
  from "app"."t1" "t2"
  where "t2"."r4" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || ',"friends":' || (select coalesce('[' || string_agg('{"children":' || (select coalesce('[' || string_agg('{"name":' || to_json("q8"."c3")::text || '}', ',') || ']', '[]')
  from (select "t7"."c3"
  from "app"."t1" "t7"
  where "t7"."r4" = "q5"."id"
  order by "t7"."id" limit 1000) "q8") || '}', ',') || ']', '[]')
  from (select "t4"."id"
  from "app"."r5" "e6" join "app"."t1" "t4" on "t4"."id" = "e6"."b"
  where "e6"."a" = "t1"."id"
  order by "t4"."id" limit 1000) "q5") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- allPersons: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c3")::text || ',"parent":' || coalesce((select '{"name":' || to_json("t3"."c3")::text || '}'
  from "app"."t1" "t3"
  where "t3"."id" = "q2"."r4"), 'null') || ',"spouse":' || coalesce((select '{"name":' || to_json("t4"."c3")::text || '}'
  from "app"."r6" "e5" join "app"."t1" "t4" on "t4"."id" = "e5"."b"
  where "e5"."a" = "q2"."id"), 'null') || ',"mentor":' || coalesce((select '{"name":' || to_json("t6"."c3")::text || '}'
  from "app"."t1" "t6"
  where "t6"."id" = "q2"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t7"."c3")::text || '}'
  from "app"."t1" "t7"
  where "t7"."r7" = "q2"."id"), 'null') || '}', ',') || ']', '[]')
  from (select "t1"."c3", "t1"."r4", "t1"."id", "t1"."r7"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);


-- friends: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 3 values
with "w1" as (insert into "app"."r5" ("a", "b") select w.a, w.b
  from unnest($1::text[], $2::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"friends1Person":' || coalesce((select '{"name":' || to_json("t1"."c3")::text || ',"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q3"."c3")::text || '}', ',') || ']', '[]')
  from (select "t2"."c3"
  from "app"."r5" "e4" join "app"."t1" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || ',"friends2Person":' || coalesce((select '{"name":' || to_json("t5"."c3")::text || ',"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q7"."c3")::text || '}', ',') || ']', '[]')
  from (select "t6"."c3"
  from "app"."r5" "e8" join "app"."t1" "t6" on "t6"."id" = "e8"."b"
  where "e8"."a" = "t5"."id"
  order by "t6"."id" limit 1000) "q7") || '}'
  from "app"."t1" "t5"
  where "t5"."id" = $3::text), 'null') || '}') as x (made)));

-- unfriended: write
-- refusal 0: 3013: Node with id {node} not found
-- 3 values
with "w1" as (delete from "app"."r5"
  where ("a" = $1::text and "b" = $2::text or "a" = $2::text and "b" = $1::text)) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"friends1Person":' || coalesce((select '{"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q3"."c3")::text || '}', ',') || ']', '[]')
  from (select "t2"."c3"
  from "app"."r5" "e4" join "app"."t1" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || ',"friends2Person":' || coalesce((select '{"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q7"."c3")::text || '}', ',') || ']', '[]')
  from (select "t6"."c3"
  from "app"."r5" "e8" join "app"."t1" "t6" on "t6"."id" = "e8"."b"
  where "e8"."a" = "t5"."id"
  order by "t6"."id" limit 1000) "q7") || '}'
  from "app"."t1" "t5"
  where "t5"."id" = $3::text), 'null') || '}') as x (made)));

-- married: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 3 values
with "w1" as (delete from "app"."r6"
  where ("a" = $1::text and "b" <> $2::text or "b" = $1::text and "a" <> $2::text)) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 2 values
delete from "app"."r6"
  where ("a" = $1::text and "b" <> $2::text or "b" = $1::text and "a" <> $2::text);
-- 2 values
insert into "app"."r6" ("a", "b") select w.a, w.b
  from unnest($1::text[], $2::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"spouse1Person":' || coalesce((select '{"name":' || to_json("t1"."c3")::text || ',"spouse":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."r6" "e3" join "app"."t1" "t2" on "t2"."id" = "e3"."b"
  where "e3"."a" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || ',"spouse2Person":' || coalesce((select '{"name":' || to_json("t4"."c3")::text || ',"spouse":' || coalesce((select '{"name":' || to_json("t5"."c3")::text || '}'
  from "app"."r6" "e6" join "app"."t1" "t5" on "t5"."id" = "e6"."b"
  where "e6"."a" = "t4"."id"), 'null') || '}'
  from "app"."t1" "t4"
  where "t4"."id" = $3::text), 'null') || '}'));

-- divorced: write
-- refusal 0: 3013: Node with id {node} not found
-- 3 values
with "w1" as (delete from "app"."r6"
  where ("a" = $1::text and "b" = $2::text or "a" = $2::text and "b" = $1::text)) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"spouse1Person":' || coalesce((select '{"spouse":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."r6" "e3" join "app"."t1" "t2" on "t2"."id" = "e3"."b"
  where "e3"."a" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- taught: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 3 values
with "w1" as (update "app"."t1" set "r7" = null
  where "r7" = $1::text and "id" <> $2::text) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 2 values
update "app"."t1" set "r7" = $1::text
  where "id" = $2::text;
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"mentorPerson":' || coalesce((select '{"name":' || to_json("t1"."c3")::text || ',"mentor":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."t1" "t2"
  where "t2"."id" = "t1"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t3"."c3")::text || '}'
  from "app"."t1" "t3"
  where "t3"."r7" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || ',"studentPerson":' || coalesce((select '{"name":' || to_json("t4"."c3")::text || ',"mentor":' || coalesce((select '{"name":' || to_json("t5"."c3")::text || '}'
  from "app"."t1" "t5"
  where "t5"."id" = "t4"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t6"."c3")::text || '}'
  from "app"."t1" "t6"
  where "t6"."r7" = "t4"."id"), 'null') || '}'
  from "app"."t1" "t4"
  where "t4"."id" = $3::text), 'null') || '}'));

-- turned: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 3 values
with "w1" as (update "app"."t1" set "r7" = null
  where "r7" = $1::text and "id" <> $2::text) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 2 values
update "app"."t1" set "r7" = $1::text
  where "id" = $2::text;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"mentorPerson":' || coalesce((select '{"name":' || to_json("t1"."c3")::text || ',"mentor":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."t1" "t2"
  where "t2"."id" = "t1"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t3"."c3")::text || '}'
  from "app"."t1" "t3"
  where "t3"."r7" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- left: write
-- refusal 0: 3013: Node with id {node} not found
-- 3 values
with "w1" as (update "app"."t1" set "r7" = null
  where "id" = $1::text and "r7" = $2::text) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"mentorPerson":' || coalesce((select '{"mentor":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."t1" "t2"
  where "t2"."id" = "t1"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t3"."c3")::text || '}'
  from "app"."t1" "t3"
  where "t3"."r7" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- child: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 3 values
with "w1" as (update "app"."t1" set "r4" = $1::text
  where "id" = $2::text) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"parentPerson":' || coalesce((select '{"name":' || to_json("t1"."c3")::text || ',"children":' || (select coalesce('[' || string_agg('{"name":' || to_json("q3"."c3")::text || '}', ',') || ']', '[]')
  from (select "t2"."c3"
  from "app"."t1" "t2"
  where "t2"."r4" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || '}') as x (made)));

-- itself: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 3 values
with "w1" as (insert into "app"."r8" ("a", "b") select w.a, w.b
  from unnest($1::text[], $2::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select app.refuse(case
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"followsPerson":' || coalesce((select '{"follows":' || (select coalesce('[' || string_agg('{"name":' || to_json("q3"."c3")::text || '}', ',') || ']', '[]')
  from (select "t2"."c3"
  from "app"."r8" "e4" join "app"."t1" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || ',"followers":' || (select coalesce('[' || string_agg('{"name":' || to_json("q6"."c3")::text || '}', ',') || ']', '[]')
  from (select "t5"."c3"
  from "app"."r8" "e7" join "app"."t1" "t5" on "t5"."id" = "e7"."a"
  where "e7"."b" = "t1"."id"
  order by "t5"."id" limit 1000) "q6") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || '}') as x (made)));

-- allPersons: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c3")::text || ',"parent":' || coalesce((select '{"name":' || to_json("t3"."c3")::text || '}'
  from "app"."t1" "t3"
  where "t3"."id" = "q2"."r4"), 'null') || ',"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q5"."c3")::text || '}', ',') || ']', '[]')
  from (select "t4"."c3"
  from "app"."r5" "e6" join "app"."t1" "t4" on "t4"."id" = "e6"."b"
  where "e6"."a" = "q2"."id"
  order by "t4"."id" limit 1000) "q5") || ',"spouse":' || coalesce((select '{"name":' || to_json("t7"."c3")::text || '}'
  from "app"."r6" "e8" join "app"."t1" "t7" on "t7"."id" = "e8"."b"
  where "e8"."a" = "q2"."id"), 'null') || ',"mentor":' || coalesce((select '{"name":' || to_json("t9"."c3")::text || '}'
  from "app"."t1" "t9"
  where "t9"."id" = "q2"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t10"."c3")::text || '}'
  from "app"."t1" "t10"
  where "t10"."r7" = "q2"."id"), 'null') || '}', ',') || ']', '[]')
  from (select "t1"."c3", "t1"."r4", "t1"."id", "t1"."r7"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);


-- createBare: write
-- 2 values
insert into "app"."t2" as "t" ("id", "created_at", "updated_at") values ($1::text, $2::timestamptz, $2::timestamptz);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"id":"' || "t1"."id" || '","things":' || (select coalesce('[' || string_agg('{"id":"' || "q3"."id" || '"}', ',') || ']', '[]')
  from (select "t2"."id"
  from "app"."t1" "t2"
  where "t2"."r18" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t2" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- updateBare: write
-- refusal 0: 3002: 'Bare' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Thing' to connect does not exist: {node}
-- 2 values
with "w1" as (update "app"."t1" set "r18" = null
  where "r18" = $1::text and "id" <> all($2::text[])) select app.refuse(case
  when not exists (select from "app"."t2"
  where "id" = $1::text) then '0'
  when exists (select from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 2 values
update "app"."t1" set "r18" = $1::text
  where "id" = any($2::text[]);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t2" "t1"
  where "t1"."id" = $2::text));


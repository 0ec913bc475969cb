-- createBare: write
-- nothing, 2 values
insert into "app"."t2" as "t" ("id", "created_at", "updated_at") select $1::text, $2::timestamptz, $2::timestamptz;
-- verdict, answer, 2 values
select case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end, (select '{"id":"' || "t1"."id" || '","things":' || (select coalesce('[' || string_agg('{"id":"' || "q3"."id" || '"}', ',') || ']', '[]')
  from (select "t2"."id"
  from "app"."t1" "t2"
  where "t2"."r18" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t2" "t1"
  where "t1"."id" = $2::text);

-- updateBare: write
-- verdict, 2 values
select case
  when not exists (select from "app"."t2"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from unnest($2::text[]) w(id)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) w(id)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id) limit 1) end;
-- nothing, 2 values
update "app"."t1" set "r18" = null
  where "r18" = $1::text and "id" <> all($2::text[]);
-- nothing, 2 values
update "app"."t1" set "r18" = $1::text
  where "id" = any($2::text[]);
-- verdict, answer, 2 values
select case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end, (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t2" "t1"
  where "t1"."id" = $2::text);


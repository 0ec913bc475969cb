-- more: write
-- verdict, 2 values
select case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from unnest($2::text[]) w(id)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) w(id)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id) limit 1)
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> all($2::text[])) then '2' end;
-- nothing, 2 values
update "app"."t2" set "r20" = $1::text
  where "id" = any($2::text[]);
-- verdict, answer, 2 values
select case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end, (select '{"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q3"."c16")::text || '}', ',') || ']', '[]')
  from (select "t2"."c16"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text);

-- fewer: write
-- verdict, 2 values
select case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from unnest($2::text[]) w(id)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) w(id)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id) limit 1)
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> all($2::text[])) then '2' end;
-- nothing, 2 values
update "app"."t2" set "r20" = $1::text
  where "id" = any($2::text[]);
-- verdict, answer, 2 values
select case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end, (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text);


-- missing: write
-- verdict, answer, 4 values
with written as (update "app"."t1" "t" set "c7" = $1::text, "updated_at" = case
  when "t"."c7" is distinct from $1::text then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $3::text and exists (select from app._mortise
  where model_sha = $4::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved'
  when not exists (select from written) then '0' end, (select answer
  from written);

-- missingEdge: write
-- verdict, 2 values
select case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from (values ($2::text)) w(id)
  where not exists (select from "app"."t3" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from (values ($2::text)) w(id)
  where not exists (select from "app"."t3" "f"
  where "f"."id" = w.id) limit 1) end;
-- nothing, 2 values
update "app"."t1" set "r21" = null
  where "r21" = $1::text and "id" <> $2::text;
-- verdict, answer, 3 values
with written as (update "app"."t1" "t" set "r21" = $1::text
  where "t"."id" = $2::text and exists (select from app._mortise
  where model_sha = $3::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $3::text) then 'moved'
  when not exists (select from written) then '0' end, (select answer
  from written);

-- null: constant
-- 3020: The field 'name' on type 'Band' cannot be null.

-- orphans: write
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

-- required: constant
-- 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint

-- unique: write
-- verdict, answer, 4 values
with written as (update "app"."t4" "t" set "c19" = $1::text, "updated_at" = case
  when "t"."c19" is distinct from $1::text then $2::timestamptz else "t"."updated_at" end
  where "t"."id" = $3::text and exists (select from app._mortise
  where model_sha = $4::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved'
  when not exists (select from written) then '0' end, (select answer
  from written);

-- unknown: write
-- verdict, 2 values
select case
  when not exists (select from "app"."t3"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from (values ($2::text)) w(id)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from (values ($2::text)) w(id)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id) limit 1) end;
-- nothing, 2 values
update "app"."t1" set "r21" = null
  where "r21" = $1::text and "id" <> $2::text;
-- nothing, 2 values
update "app"."t1" set "r21" = $1::text
  where "id" = $2::text;
-- verdict, answer, 2 values
select case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end, (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t3" "t1"
  where "t1"."id" = $2::text);


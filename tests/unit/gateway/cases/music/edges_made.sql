-- album: write
-- refusal 0: 3011: The node of type 'Album' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Band' to connect does not exist: {node}
-- 2 values
with "w1" as (update "app"."t2" set "r20" = $1::text
  where "id" = $2::text) select app.refuse(case
  when not exists (select from "app"."t2"
  where "id" = $2::text) then '0:' || $2::text
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"bandBand":' || coalesce((select '{"slug":' || to_json("t1"."c6")::text || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q3"."c16")::text || '}', ',') || ']', '[]')
  from (select "t2"."c16"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || ',"albumsAlbum":' || coalesce((select '{"title":' || to_json("t4"."c16")::text || ',"band":' || coalesce((select '{"slug":' || to_json("t5"."c6")::text || '}'
  from "app"."t1" "t5"
  where "t5"."id" = "t4"."r20"), 'null') || '}'
  from "app"."t2" "t4"
  where "t4"."id" = $3::text), 'null') || ',"__typename":"AddToBandAlbumsPayload"}') as x (made)));

-- fan: write
-- refusal 0: 3011: The node of type 'Fan' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Band' to connect does not exist: {node}
-- 4 values
with "w1" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($1::text[], $2::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select app.refuse(case
  when not exists (select from "app"."t4"
  where "id" = $3::text) then '0:' || $3::text
  when not exists (select from "app"."t1"
  where "id" = $4::text) then '1:' || $4::text end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"bandsBand":' || coalesce((select '{"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q3"."c19")::text || '}', ',') || ']', '[]')
  from (select "t2"."c19"
  from "app"."r22" "e4" join "app"."t4" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || ',"fansFan":' || coalesce((select '{"bands":' || (select coalesce('[' || string_agg('{"slug":' || to_json("q7"."c6")::text || '}', ',') || ']', '[]')
  from (select "t6"."c6"
  from "app"."r22" "e8" join "app"."t1" "t6" on "t6"."id" = "e8"."a"
  where "e8"."b" = "t5"."id"
  order by "t6"."id" limit 1000) "q7") || '}'
  from "app"."t4" "t5"
  where "t5"."id" = $3::text), 'null') || '}') as x (made)));

-- again: write
-- refusal 0: 3011: The node of type 'Fan' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Band' to connect does not exist: {node}
-- 4 values
with "w1" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($1::text[], $2::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select app.refuse(case
  when not exists (select from "app"."t4"
  where "id" = $3::text) then '0:' || $3::text
  when not exists (select from "app"."t1"
  where "id" = $4::text) then '1:' || $4::text end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"bandsBand":' || coalesce((select '{"_fansMeta":' || (select '{"count":' || count(*)::text || '}'
  from "app"."r22" "e3" join "app"."t4" "t2" on "t2"."id" = "e3"."b"
  where "e3"."a" = "t1"."id") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- manager: write
-- refusal 0: 3011: The node of type 'Manager' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Band' to connect does not exist: {node}
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "r21" = $1::text and "id" <> $2::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $1::text) then '0:' || $1::text
  when not exists (select from "app"."t1"
  where "id" = $2::text) then '1:' || $2::text end);
-- 2 values
update "app"."t1" set "r21" = $1::text
  where "id" = $2::text;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"only":' || coalesce((select '{"name":' || to_json("t1"."c18")::text || ',"band":' || coalesce((select '{"slug":' || to_json("t2"."c6")::text || '}'
  from "app"."t1" "t2"
  where "t2"."r21" = "t1"."id"), 'null') || '}'
  from "app"."t3" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- unknownFan: write
-- refusal 0: 3011: The node of type 'Fan' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Band' to connect does not exist: {node}
-- 3 values
with "w1" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($1::text[], $2::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select app.refuse(case
  when not exists (select from "app"."t4"
  where "id" = $3::text) then '0:' || $3::text
  when not exists (select from "app"."t1"
  where "id" = $3::text) then '1:' || $3::text end);
-- answers, 1 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"__typename":"AddToBandFansPayload"}'));

-- unknownBand: write
-- refusal 0: 3011: The node of type 'Manager' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Band' to connect does not exist: {node}
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "r21" = $1::text and "id" <> $2::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $1::text) then '0:' || $1::text
  when not exists (select from "app"."t1"
  where "id" = $2::text) then '1:' || $2::text end);
-- 2 values
update "app"."t1" set "r21" = $1::text
  where "id" = $2::text;
-- answers, 1 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"__typename":"SetBandManagerPayload"}'));

-- malformed: constant
-- 3011: The node of type 'Fan' to connect does not exist: a b

-- allBands: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"manager":' || coalesce((select '{"name":' || to_json("t3"."c18")::text || '}'
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
  from (select "t1"."c6", "t1"."r21", "t1"."id"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);


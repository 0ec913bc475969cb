-- createBand: write
-- refusal 0: 3011: The node of type 'Fan' to connect does not exist: {node}
-- answers, 12 values
with written as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool)
  returning '{"id":"' || "t"."id" || '","slug":' || to_json("t"."c6")::text || '}' as answer), "w1" as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") select "w"."id", $2::timestamptz, $2::timestamptz, "w"."c16", $1::text
  from unnest($7::text[], $8::text[]) "w"("id", "c16")), "w2" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($9::text[], $10::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $11::text) then 'moved'
  when exists (select from unnest($12::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($12::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end), (select answer
  from written));


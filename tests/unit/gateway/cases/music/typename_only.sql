-- __typename: constant
"Query"

-- allManagers: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"__typename":"Manager"}', ',') || ']', '[]')
  from (select 1
  from "app"."t3" "t1"
  where (app.fold("t1"."c18") = app.fold($1::text))
  order by "t1"."id" limit 1000) "q2") as x (made);


-- __typename: constant
"Query"

-- allManagers: read
-- answer, 1 values
select coalesce('[' || string_agg('{"__typename":"Manager"}', ',') || ']', '[]')
  from (select 1
  from "app"."t3" "t1"
  where (app.fold("t1"."c18") = app.fold($1::text))
  order by "t1"."id" limit 1000) "q2";


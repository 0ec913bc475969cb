-- allBands: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '","createdAt":"' || to_char("q2"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","updatedAt":"' || to_char("q2"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","slug":' || to_json("q2"."c6")::text || ',"name":' || to_json("q2"."c7")::text || ',"genre":' || coalesce('"' || "q2"."c8" || '"', 'null') || ',"rating":' || coalesce("q2"."c9"::text, 'null') || ',"founded":' || coalesce('"' || to_char("q2"."c10" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"', 'null') || ',"active":' || "q2"."c11"::text || ',"tags":' || coalesce(array_to_json("q2"."c12")::text, 'null') || ',"tours":' || coalesce(array_to_json(app.instants("q2"."c13"))::text, 'null') || ',"meta":' || coalesce("q2"."c14"::text, 'null') || ',"notes":' || coalesce(array_to_json("q2"."c15")::text, 'null') || '}', ',') || ']', '[]')
  from (select "t1"."id", "t1"."created_at", "t1"."updated_at", "t1"."c6", "t1"."c7", "t1"."c8", "t1"."c9", "t1"."c10", "t1"."c11", "t1"."c12", "t1"."c13", "t1"."c14", "t1"."c15"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);


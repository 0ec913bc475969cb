-- allBands: read
-- answer, 0 values
select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '","createdAt":"' || app.instant("q2"."created_at") || '","updatedAt":"' || app.instant("q2"."updated_at") || '","slug":' || to_json("q2"."c6")::text || ',"name":' || to_json("q2"."c7")::text || ',"genre":' || coalesce('"' || "q2"."c8" || '"', 'null') || ',"rating":' || coalesce("q2"."c9"::text, 'null') || ',"founded":' || coalesce('"' || app.instant("q2"."c10") || '"', 'null') || ',"active":' || "q2"."c11"::text || ',"tags":' || coalesce(array_to_json("q2"."c12")::text, 'null') || ',"tours":' || coalesce(array_to_json(app.instants("q2"."c13"))::text, 'null') || ',"meta":' || coalesce("q2"."c14"::text, 'null') || ',"notes":' || coalesce(array_to_json("q2"."c15")::text, 'null') || '}', ',') || ']', '[]')
  from (select "t1"."id", "t1"."created_at", "t1"."updated_at", "t1"."c6", "t1"."c7", "t1"."c8", "t1"."c9", "t1"."c10", "t1"."c11", "t1"."c12", "t1"."c13", "t1"."c14", "t1"."c15"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2";


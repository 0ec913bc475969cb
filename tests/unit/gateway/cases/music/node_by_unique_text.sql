-- Band: read
-- answers, 1 values
select '{"id":"' || "t1"."id" || '","slug":' || to_json("t1"."c6")::text || '}'
  from "app"."t1" "t1"
  where left(app.fold("t1"."c6"), 191) = left(app.fold($1::text), 191) and app.fold("t1"."c6") = app.fold($1::text);

-- none: read
-- answers, 1 values
select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where left(app.fold("t1"."c6"), 191) = left(app.fold($1::text), 191) and app.fold("t1"."c6") = app.fold($1::text);


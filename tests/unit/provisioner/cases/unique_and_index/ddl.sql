-- 1 switch: drop index
drop index "app"."t1_c4_key";

-- 2 switch: drop index
drop index "app"."t1_c4_idx";

-- 3 switch: add index
create index "t1_created_at_idx" on "app"."t1" ("created_at" nulls first, "id");

-- 4 switch: add index
create unique index "t1_c2_key" on "app"."t1" (left(app.fold("c2"), 191));

-- 5 switch: add index
create index "t1_c2_idx" on "app"."t1" (left(app.fold("c2"), 191) nulls first, "id");

-- 6 switch: add index
create unique index "t1_c3_key" on "app"."t1" ("c3");

-- 7 switch: add index
create unique index "t1_c5_key" on "app"."t1" (left(app.fold("c5"), 191));

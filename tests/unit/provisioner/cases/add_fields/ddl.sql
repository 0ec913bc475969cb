-- 1 switch: add column
alter table "app"."t1" add column "c5" text;

-- 2 switch: add column
alter table "app"."t1" add column "c6" float8 default 1.7::float8;
alter table "app"."t1" alter column "c6" drop default;

-- 3 switch: add column
alter table "app"."t1" add column "c7" text not null;

-- 4 switch: add column
alter table "app"."t1" add column "c8" text not null default E'it''s \\ "here"'::text;
alter table "app"."t1" alter column "c8" drop default;

-- 5 switch: add column
alter table "app"."t1" add column "c9" text[] not null default array['a', 'b']::text[];
alter table "app"."t1" alter column "c9" drop default;

-- 6 switch: add column
alter table "app"."t1" add column "c10" text not null default 'RED'::text;
alter table "app"."t1" alter column "c10" drop default;

-- 7 switch: add check
alter table "app"."t1" add constraint "t1_c10_check" check ("c10" = any(array['RED', 'GREEN']::text[]));

-- 8 switch: add index
create unique index "t1_c5_key" on "app"."t1" (left(app.fold("c5"), 191));

-- 9 switch: add index
create index "t1_c5_idx" on "app"."t1" (left(app.fold("c5"), 191) nulls first, "id");

-- 1 prepare: add hidden column
alter table "app"."t1" drop column if exists "~c5";
alter table "app"."t1" add column "~c5" text;

-- 2 prepare: build index
drop index concurrently if exists "app"."~t1_c5_key";
create unique index concurrently "~t1_c5_key" on "app"."t1" (left(app.fold("~c5"), 191));

-- 3 prepare: build index
drop index concurrently if exists "app"."~t1_c5_idx";
create index concurrently "~t1_c5_idx" on "app"."t1" (left(app.fold("~c5"), 191) nulls first, "id");

-- 4 switch: reveal column
alter table "app"."t1" rename column "~c5" to "c5";

-- 5 switch: add column
alter table "app"."t1" add column "c6" float8 default 1.7::float8;
alter table "app"."t1" alter column "c6" drop default;

-- 6 switch: add column
alter table "app"."t1" add column "c7" text not null;

-- 7 switch: add column
alter table "app"."t1" add column "c8" text not null default E'it''s \\ "here"'::text;
alter table "app"."t1" alter column "c8" drop default;

-- 8 switch: add column
alter table "app"."t1" add column "c9" text[] not null default array['a', 'b']::text[];
alter table "app"."t1" alter column "c9" drop default;

-- 9 switch: add column
alter table "app"."t1" add column "c10" text not null default 'RED'::text;
alter table "app"."t1" alter column "c10" drop default;

-- 10 switch: add check
alter table "app"."t1" add constraint "t1_c10_check" check ("c10" = any(array['RED', 'GREEN']::text[])) not valid;

-- 11 switch: reveal index
alter index "app"."~t1_c5_key" rename to "t1_c5_key";

-- 12 switch: reveal index
alter index "app"."~t1_c5_idx" rename to "t1_c5_idx";

-- 13 finish: validate
alter table "app"."t1" validate constraint "t1_c10_check";

-- 1 switch: create table
create table "app"."t1" (
  "id" text collate "C" not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  "c6" text not null,
  "c7" text not null,
  "c8" text,
  "c9" float8,
  "c10" text[],
  "c11" text[] not null,
  "c12" timestamptz(3),
  "c13" bool not null,
  "c14" json,
  "c15" int4,
  constraint "t1_pkey" primary key ("id")
);
grant select, insert, update, delete on "app"."t1" to "env_00000000000050008000000000000001";

-- 2 switch: create table
create table "app"."t2" (
  "id" text collate "C" not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  "c16" text not null,
  "r17" text collate "C" not null,
  constraint "t2_pkey" primary key ("id")
);
grant select, insert, update, delete on "app"."t2" to "env_00000000000050008000000000000001";

-- 3 switch: create table
create table "app"."t3" (
  "id" text collate "C" not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  "r18" text collate "C" not null,
  constraint "t3_pkey" primary key ("id")
);
grant select, insert, update, delete on "app"."t3" to "env_00000000000050008000000000000001";

-- 4 switch: create table
create table "app"."t4" (
  "id" text collate "C" not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  "r22" text collate "C",
  constraint "t4_pkey" primary key ("id")
);
grant select, insert, update, delete on "app"."t4" to "env_00000000000050008000000000000001";

-- 5 switch: create table
create table "app"."r19" (
  "a" text collate "C" not null,
  "b" text collate "C" not null,
  constraint "r19_pkey" primary key ("a", "b")
);
grant select, insert, update, delete on "app"."r19" to "env_00000000000050008000000000000001";

-- 6 switch: create table
create table "app"."r20" (
  "a" text collate "C" not null,
  "b" text collate "C" not null,
  constraint "r20_pkey" primary key ("a", "b")
);
grant select, insert, update, delete on "app"."r20" to "env_00000000000050008000000000000001";

-- 7 switch: create table
create table "app"."r21" (
  "a" text collate "C" not null,
  "b" text collate "C" not null,
  constraint "r21_pkey" primary key ("a", "b")
);
grant select, insert, update, delete on "app"."r21" to "env_00000000000050008000000000000001";

-- 8 switch: add check
alter table "app"."t1" add constraint "t1_c8_check" check ("c8" = any(array['INDIE', 'METAL']::text[]));

-- 9 switch: add check
alter table "app"."t1" add constraint "t1_c11_check" check ("c11" <@ array['INDIE', 'METAL']::text[]);

-- 10 switch: add index
create unique index "t1_c6_key" on "app"."t1" (left(app.fold("c6"), 191));

-- 11 switch: add index
create index "t1_c6_idx" on "app"."t1" (left(app.fold("c6"), 191) nulls first, "id");

-- 12 switch: add index
create index "t1_c7_idx" on "app"."t1" (left(app.fold("c7"), 191) nulls first, "id");

-- 13 switch: add index
create index "t1_c7_trgm" on "app"."t1" using gin (app.fold("c7") app.gin_trgm_ops);

-- 14 switch: add index
create index "t1_c9_idx" on "app"."t1" ("c9" nulls first, "id");

-- 15 switch: add index
create unique index "t1_c15_key" on "app"."t1" ("c15");

-- 16 switch: add index
create index "t2_r17_idx" on "app"."t2" ("r17", "id");

-- 17 switch: add index
create unique index "t3_r18_key" on "app"."t3" ("r18");

-- 18 switch: add index
create index "t4_r22_idx" on "app"."t4" ("r22", "id");

-- 19 switch: add index
create index "r19_b_idx" on "app"."r19" ("b", "a");

-- 20 switch: add index
create index "r20_b_idx" on "app"."r20" ("b", "a");

-- 21 switch: add index
create index "r21_b_idx" on "app"."r21" ("b", "a");

-- 22 switch: add index
create unique index "r21_a_key" on "app"."r21" ("a");

-- 23 switch: add reference
alter table "app"."t2" add constraint "t2_r17_fkey" foreign key ("r17") references "app"."t1" ("id") on delete restrict deferrable initially immediate;

-- 24 switch: add reference
alter table "app"."t3" add constraint "t3_r18_fkey" foreign key ("r18") references "app"."t1" ("id") on delete restrict deferrable initially immediate;

-- 25 switch: add reference
alter table "app"."t4" add constraint "t4_r22_fkey" foreign key ("r22") references "app"."t4" ("id") on delete set null deferrable initially immediate;

-- 26 switch: add reference
alter table "app"."r19" add constraint "r19_a_fkey" foreign key ("a") references "app"."t1" ("id") on delete cascade;

-- 27 switch: add reference
alter table "app"."r19" add constraint "r19_b_fkey" foreign key ("b") references "app"."t4" ("id") on delete cascade;

-- 28 switch: add reference
alter table "app"."r20" add constraint "r20_a_fkey" foreign key ("a") references "app"."t4" ("id") on delete cascade;

-- 29 switch: add reference
alter table "app"."r20" add constraint "r20_b_fkey" foreign key ("b") references "app"."t4" ("id") on delete cascade;

-- 30 switch: add reference
alter table "app"."r21" add constraint "r21_a_fkey" foreign key ("a") references "app"."t4" ("id") on delete cascade;

-- 31 switch: add reference
alter table "app"."r21" add constraint "r21_b_fkey" foreign key ("b") references "app"."t4" ("id") on delete cascade;

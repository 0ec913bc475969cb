-- Band: constant
-- 3000: None of the following arguments provided: List(id, slug)


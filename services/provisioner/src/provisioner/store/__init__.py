"""What the provisioner remembers: `tables` of the read model, `projection` that fills them, `queries` over them."""

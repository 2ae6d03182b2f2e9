"""Science modules, one file each."""

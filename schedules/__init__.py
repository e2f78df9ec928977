"""When and where: pure planning of what each zone hears; no input, no output, no clock."""

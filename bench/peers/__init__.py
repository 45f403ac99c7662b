"""Two general admins of other frameworks on the same leads: what they need on the machine on which ours is measured."""

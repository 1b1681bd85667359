"""DLH and the models it is compared with, behind one protocol (`base.VideoModel`)."""

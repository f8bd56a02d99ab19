cdef class Methods:
    pass
